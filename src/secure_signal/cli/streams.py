"""What commands read and write: standard input and output, which are None where they are closed; files."""

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from secure_signal.core.errors import StopError, UsageError

# What the system refuses when a file was open already.
_FAILED = {
    errno.ENOSPC: "write",
    errno.EDQUOT: "write",
    errno.EFBIG: "write",
    errno.EIO: "read or write",
    errno.EBADF: "read or write",
}


def signals() -> BinaryIO:
    """Standard input; UsageError where it is closed."""
    if sys.stdin is None:
        raise UsageError("Standard input is closed; signals are read there: … < signals.ndjson")
    return sys.stdin.buffer


def output() -> BinaryIO:
    """Standard output; StopError where it is closed."""
    if sys.stdout is None:
        raise StopError("cannot write: standard output is closed")
    return sys.stdout.buffer


def created(path: Path) -> BinaryIO:
    """A new file; UsageError where there can be none."""
    try:
        return path.open("wb")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def failure(error: OSError) -> str | None:
    """Why an open file could not be read or written, None where it is another error."""
    what = _FAILED.get(error.errno or 0)
    where = f"{error.filename}: " if error.filename else ""
    return what and f"cannot {what}: {where}{error.strerror}"


def drop_output() -> None:
    """Write no more to stdout: the interpreter would fail at the rest once more, as it ends."""
    with suppress(AttributeError, OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
