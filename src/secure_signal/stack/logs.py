"""The logs of the parts: bounded, read from their end, and followed."""

import os
import shutil
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from secure_signal.core.errors import StopError, UsageError
from secure_signal.stack import invocation
from secure_signal.stack.folder import DataFolder

LIMIT = 10 * 1024 * 1024
"""Bytes of a log before its content moves to NAME.log.1."""


def of(folder: DataFolder, name: str | None) -> dict[str, Path]:
    """The log of one part, or of all. UsageError where there is none of that name, StopError without any."""
    known = {log.stem: log for log in sorted(folder.logs.glob("*.log"))}
    if not known:
        start = invocation.of(folder, "up")
        raise StopError(f"There are no logs in {folder.logs}: no stack has run there. Start one: {start}")
    if name is None:
        return known
    if name not in known:
        raise UsageError(f"There is no log of {name!r} in {folder.logs}; there are: {', '.join(known)}.")
    return {name: known[name]}


def bound(log: Path, limit: int = LIMIT) -> None:
    """Move the content away when there is much of it.

    The writer keeps its file and goes on at its (new) end, because it appends; the few lines that it
    writes meanwhile are lost. Where there is no room for a copy, all of it is.
    """
    if log.exists() and log.stat().st_size > limit:
        with suppress(OSError):
            shutil.copyfile(log, log.with_name(log.name + ".1"))
        os.truncate(log, 0)


def last_lines(log: Path, count: int) -> list[str]:
    """The last lines, from no more than the last 256 KiB."""
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 256 * 1024))
        return list(deque(file.read().decode(errors="replace").splitlines(), count))


def follow(logs: Mapping[str, Path], seconds: float = 0.3) -> Iterator[tuple[str, str]]:
    """(name, line) of each line that is added from now on, for ever."""
    ends = {name: _size(log) for name, log in logs.items()}
    while True:
        for name, log in logs.items():
            if _size(log) < ends[name]:  # its content was moved away
                ends[name] = 0
            for line in _whole_lines(log, ends[name]):
                ends[name] += len(line)
                yield name, line.decode(errors="replace").rstrip("\n")
        time.sleep(seconds)


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def _whole_lines(log: Path, start: int) -> list[bytes]:
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(start)
        return [line for line in file if line.endswith(b"\n")]
