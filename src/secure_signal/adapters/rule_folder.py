"""Where rule files lie: a file itself, or everything in YAML below a folder, with its ``rules.toml``."""

import os
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from secure_signal.adapters import bounded_file
from secure_signal.core.detection.sigma.problem import Problem

SETTINGS = "rules.toml"
_SUFFIXES = (".yml", ".yaml")
_MAX_BYTES = 1024 * 1024


class RuleFile(Struct, frozen=True):
    """A file as it was read, and the folder or file that was asked for."""

    root: str
    path: str
    content: bytes

    @property
    def is_settings(self) -> bool:
        """Whether it says how the rules of its folder run."""
        return self.path == f"{self.root}/{SETTINGS}"


def read(root: Path) -> Iterator[RuleFile | Problem]:
    """A file itself, or the settings and the rules of a folder, however deep, in the order of their names.

    Names that begin with a dot are left out (``.git``, and what Kubernetes keeps beside a mounted folder).
    Links to folders are not followed, so that none leads in circles.
    """
    if root.is_file():
        yield _read(str(root), str(root))
    elif root.exists() and not root.is_dir():
        yield Problem(str(root), None, "is neither a folder nor a regular file, which alone can be read")
    elif not root.is_dir():
        yield Problem(str(root), None, "there is no such folder or file of rules")
    else:
        unread: list[OSError] = []
        try:
            found = sorted(_below(str(root), unread))
        except RecursionError:
            yield Problem(str(root), None, "has folders nested too deep; move the rules up")
            return
        if not (found or unread):
            yield Problem(str(root), None, "there are no rules (*.yml, *.yaml) in this folder")
        if os.path.lexists(root / SETTINGS):  # A link that leads nowhere is told, and not passed over.
            yield _read(str(root), f"{root}/{SETTINGS}")
        yield from (_read(str(root), path) for path in found)
        yield from (Problem(str(error.filename), None, bounded_file.why(error)) for error in unread)


def _below(root: str, unread: list[OSError]) -> Iterator[str]:
    for folder, folders, names in os.walk(root, onerror=unread.append):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if name.lower().endswith(_SUFFIXES) and not name.startswith("."):
                yield f"{folder}/{name}"


def _read(root: str, path: str) -> RuleFile | Problem:
    if not _is_text(path):
        return Problem(
            os.fsencode(path).decode(errors="replace"), None, "has a name that is not UTF-8; rename it"
        )
    try:
        content = bounded_file.read(path, _MAX_BYTES)
    except OSError as error:
        return Problem(path, None, bounded_file.why(error))
    if len(content) > _MAX_BYTES:
        return Problem(path, None, f"has more than {_MAX_BYTES} bytes; split it into several files")
    return RuleFile(root, path, content)


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
