"""Where a command's rules come from: what it is given, else the setting that the live detector has too."""

from pathlib import Path
from typing import Annotated

import typer

_VARIABLE = "SECURE_SIGNAL_RULES"

Rules = Annotated[
    list[Path] | None,
    typer.Option(
        envvar=_VARIABLE, help="Folder or file of Sigma rules; may be repeated. By default the bundled pack."
    ),
]
More = Annotated[list[Path] | None, typer.Argument(metavar="DIR", help="More of them, as in `--rules a b`.")]
Folders = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="DIR",
        exists=True,
        envvar=_VARIABLE,
        help="Folders or files of Sigma rules. By default the bundled pack.",
    ),
]
Logsources = Annotated[
    Path | None,
    typer.Option(
        envvar="SECURE_SIGNAL_LOGSOURCES",
        help="TOML file that maps signal types to log sources. By default the bundled one.",
    ),
]


def joined(context: typer.Context, rules: list[Path] | None, more: list[Path] | None) -> list[Path] | None:
    """All that a call names; what it names counts instead of the setting, and not beside it."""
    source = context.get_parameter_source("rules")
    is_setting = source is not None and source.name == "ENVIRONMENT"
    return [*(rules if rules and not (more and is_setting) else ()), *(more or ())] or None


def advice(rules: list[Path] | None) -> str:
    """What to do where a type has no log source, and the bundled ones counted as none were named."""
    files = (root / "logsources.toml" for root in rules or ())
    file = next((str(file) for file in files if file.is_file()), "FILE")
    return f"The log sources are the bundled ones; name those of your signals: --logsources {file}"
