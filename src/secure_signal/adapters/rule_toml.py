"""TOML with bounds: what a hostile file spells is refused, and soon."""

import re
from typing import TypeVar

import msgspec

from secure_signal.core import sentence

_MOST_DOTS = 32
_TEXT = re.compile(rb"\"(?:\\.|[^\"\\\n])*\"|'[^'\n]*'")
_PLACE = re.compile(r" - at `(?:key in `)?\$\.?(?P<place>[^`]*)`$")
_STEP = re.compile(r"\[(\d+)\]")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_PATTERN = re.compile(r"Expected `str` matching regex .*")
_AT_LINE = re.compile(r"\(at line (\d+)[,)]")
_LONG_NUMBER = re.compile(rb"[0-9_]{4301}")
_T = TypeVar("_T")


def decode(content: bytes, type_: type[_T]) -> _T:
    """What a file says; ValueError where it is no TOML of this type, or nested too deep."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot be read: not UTF-8{_at(content, error.start)}") from None
    # A key of many parts takes the parser time by the square of their number.
    if any(line.count(b".") > _MOST_DOTS for line in _TEXT.sub(b"", content).split(b"\n")):
        raise ValueError("is nested too deep")
    try:
        return msgspec.toml.decode(content, type=type_)
    except RecursionError:
        raise ValueError("is nested too deep") from None
    except msgspec.ValidationError as error:
        raise ValueError(_in_words(str(error))) from None
    except msgspec.DecodeError as error:
        raise ValueError(f"is no TOML: {sentence.continued(str(error))}") from None
    except ValueError:  # Python makes no integer of so many digits, so that nobody waits for it.
        long = _LONG_NUMBER.search(content)
        where = _at(content, long.start()) if long else ""
        raise ValueError(f"has a number of thousands of digits{where}") from None


def line(message: str) -> int | None:
    """The line that a refusal names, if it does."""
    at = _AT_LINE.search(message)
    return int(at[1]) if at else None


def _at(content: bytes, offset: int) -> str:
    return f" (at line {content.count(10, 0, offset) + 1})"


def _in_words(message: str) -> str:
    """msgspec's complaint, such as ``Invalid enum value 'lo' - at `$.level```, in the file's own terms."""
    place = _PLACE.search(message)
    what = message[: place.start()] if place else message
    what = _UNKNOWN.sub(r"the key '\1' is unknown", what).replace("Invalid enum value", "there is no")
    what = _PATTERN.sub("is neither exact nor a prefix with `.*` at its end", what)
    what = "is empty" if what.endswith("of length >= 1") else sentence.of_types(what)
    where = _STEP.sub(lambda step: f" number {int(step[1]) + 1}", place["place"]) if place else ""
    where = where.replace("[...]", " (one of them)")
    return f"{where}: {sentence.continued(what)}" if where else what
