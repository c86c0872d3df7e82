"""Where rule files lie: a file itself, or everything in YAML below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from secure_signal.core.detection.problem import Problem

_SUFFIXES = (".yml", ".yaml")


def rule_files(path: Path) -> Iterator[Path | Problem]:
    """A file itself, or those of a folder, however deep, in the order of their names.

    Names that begin with a dot are left out (``.git``, and what Kubernetes keeps beside a mounted folder).
    Links to folders are not followed, so that none leads in circles.
    """
    if path.is_file():
        yield path
    elif not path.is_dir():
        yield Problem(str(path), None, "there is no such folder or file of rules")
    else:
        found = sorted(_below(path), key=lambda p: Path(p.file) if isinstance(p, Problem) else p)
        yield from found or [Problem(str(path), None, "there are no rules (*.yml, *.yaml) in this folder")]


def _below(folder: Path) -> Iterator[Path | Problem]:
    unread: list[OSError] = []
    for here, folders, names in os.walk(folder, onerror=unread.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(here, name)
            if path.suffix in _SUFFIXES and not name.startswith("."):
                yield path if path.is_file() else Problem(str(path), None, "is no file that can be read")
    for error in unread:
        yield Problem(str(error.filename), None, f"cannot be read: {error.strerror}")
