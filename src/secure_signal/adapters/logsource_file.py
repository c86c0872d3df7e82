"""The log sources file: TOML, one ``[[logsource]]`` table for each type of signals, or ``prefix.*``."""

from collections import Counter
from pathlib import Path
from typing import Annotated

import msgspec

from secure_signal.adapters import rule_toml
from secure_signal.core.detection.rules.logsource import LogSource, LogSources
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.errors import UsageError

_SHAPE = (
    "The file is a list of [[logsource]] tables, each with a type of its own (exact, or prefix.*), and "
    "product, category and service as texts."
)


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    type: Annotated[str, msgspec.Meta(pattern=r"^[^*]+(\.\*)?$")]
    product: str = ""
    category: str = ""
    service: str = ""


class _File(msgspec.Struct, forbid_unknown_fields=True):
    logsource: Annotated[list[_Entry], msgspec.Meta(min_length=1)]


def read(path: Path) -> LogSources:
    """The log sources; UsageError says what is wrong, and how to mend it."""
    found = check(path)
    if isinstance(found, Problem):
        raise UsageError(str(found))
    return found


def check(path: Path) -> LogSources | Problem:
    """The log sources, or what is wrong with the file."""
    try:
        entries = rule_toml.decode(path.read_bytes(), _File).logsource
    except OSError as error:
        return Problem(str(path), None, str(error.strerror))
    except ValueError as error:
        return Problem(str(path), None, f"{error}. {_SHAPE}")
    type_, times = Counter(entry.type for entry in entries).most_common(1)[0]
    if times > 1:
        return Problem(str(path), None, f"the type {type_!r} stands twice; take one of its tables out.")
    return LogSources((e.type, LogSource(e.product, e.category, e.service)) for e in entries)
