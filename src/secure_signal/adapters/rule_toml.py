"""TOML with bounds: what a hostile file spells is refused, and soon."""

import re
from typing import TypeVar

import msgspec

_MOST_DOTS = 32
_TEXT = re.compile(rb"\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'")
_T = TypeVar("_T")


def decode(content: bytes, type_: type[_T]) -> _T:
    """What a file says; ValueError where it is no TOML of this type, or nested too deep."""
    # A key of many parts takes the parser time by the square of their number.
    if any(line.count(b".") > _MOST_DOTS for line in _TEXT.sub(b"", content).split(b"\n")):
        raise ValueError("is nested too deep")
    try:
        return msgspec.toml.decode(content, type=type_)
    except RecursionError:
        raise ValueError("is nested too deep") from None
