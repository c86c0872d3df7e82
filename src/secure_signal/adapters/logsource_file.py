"""The log sources file: TOML, one ``[[logsource]]`` table for each type of signals, or ``prefix.*``."""

import re
from itertools import islice
from pathlib import Path
from typing import Annotated

import msgspec

from secure_signal.adapters import bounded_file, rule_toml
from secure_signal.core.detection.rules.logsource import LogSource, LogSources
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.errors import UsageError

_MAX_BYTES = 1024 * 1024
_HEAD = re.compile(rb"\s*\[\[\s*logsource\s*\]\]")
_NUMBER = re.compile(r"logsource number (\d+)")
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
        content = bounded_file.read(str(path), _MAX_BYTES)
    except OSError as error:
        return Problem(str(path), None, bounded_file.why(error))
    if len(content) > _MAX_BYTES:
        what = f"has more than {_MAX_BYTES} bytes; give types that begin alike one table, as prefix.*"
        return Problem(str(path), None, what)
    try:
        entries = rule_toml.decode(content, _File).logsource
    except ValueError as error:
        return Problem(str(path), _line(content, str(error)), f"{error}. {_SHAPE}")
    seen: set[str] = set()
    for number, entry in enumerate(entries, 1):
        if entry.type in seen:
            what = f"the type {entry.type!r} stands twice; take one of its tables out."
            return Problem(str(path), _table(content, number), what)
        seen.add(entry.type)
    return LogSources((e.type, LogSource(e.product, e.category, e.service)) for e in entries)


def _line(content: bytes, message: str) -> int | None:
    """The line that a message names, else that of the table that it is about; None without either."""
    number = _NUMBER.match(message)
    return rule_toml.line(message) or (_table(content, int(number[1])) if number else None)


def _table(content: bytes, number: int) -> int | None:
    """The line where the table of this number begins, from 1; None where they are written otherwise."""
    lines = (at for at, line in enumerate(content.split(b"\n"), 1) if _HEAD.match(line))
    return next(islice(lines, number - 1, None), None)
