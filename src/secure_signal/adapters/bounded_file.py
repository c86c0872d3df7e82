"""A file whose name somebody gave, read within bounds: a pipe is not waited for, and a device has no end."""

import os
from stat import S_ISREG


def read(path: str, most: int) -> bytes:
    """What a file has, and of what is longer one byte more than the most; OSError where it cannot be read."""
    with open(path, "rb", opener=_opened) as file:
        if not S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("it is no regular file")
        return file.read(most + 1)


def why(error: OSError) -> str:
    """Why it could not be read, without its name."""
    return f"cannot be read: {error.strerror or error}"


def _opened(path: str, flags: int) -> int:
    # A pipe would keep whoever opens it waiting for its writer.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
