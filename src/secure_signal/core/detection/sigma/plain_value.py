"""What a field can be compared with: a text, a number, true, false or null, and not all that YAML has."""

import math
from contextlib import suppress
from datetime import date
from typing import Any

from sigma.exceptions import SigmaValueError

_NO_NUMBER = "its number is none, or too large; write one below 1.7e+308, or a text in quotes"


def check(value: Any) -> None:
    """SigmaValueError for a value that is something else."""
    what = _strange(value)
    if what:
        raise SigmaValueError(what)


def _strange(value: Any) -> str | None:
    match value:
        case dict():
            return "it has a mapping for a value; name the field in it by its path, such as a.b"
        case list():
            return "it has a list within the list; write one list of values"
        case date():
            return f"{value} is read as a date; put it in quotes"
        case None | bool() | str():
            return None
        case int() | float():
            return None if _is_finite(value) else _NO_NUMBER
        case _:
            return "its value is tagged as something that no signal has; take the tag out"


def _is_finite(number: float) -> bool:
    with suppress(OverflowError):
        return math.isfinite(number)
    return False
