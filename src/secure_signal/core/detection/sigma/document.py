"""A rule file's document, before anyone knows whether it is a rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Document:
    """One YAML document: what it says, the file it is from, and the lines of its keys.

    ``lines`` has the line, from 1, of each key by its path, such as ``("detection", "condition")``, and
    that of the document itself by the empty path. ``notes`` are what a person should know of how it was read.
    """

    content: Any
    file: str
    lines: Mapping[tuple[str, ...], int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def line(self, *paths: tuple[str, ...]) -> int:
        """The line of the first of these paths that is there, else of the document."""
        return next((self.lines[path] for path in paths if path in self.lines), self.lines.get((), 1))

    @property
    def origin(self) -> str:
        """Where it begins, as ``file:line``."""
        return f"{self.file}:{self.line()}"
