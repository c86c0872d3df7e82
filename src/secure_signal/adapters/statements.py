"""SQL statements by the name of their file."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> bytes:
    """The text of ``sql/<name>.sql``."""
    return (files("secure_signal.adapters") / "sql" / f"{name}.sql").read_bytes()
