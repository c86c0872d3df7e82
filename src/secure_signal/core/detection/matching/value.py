"""What a rule may ask of one field's value, other than matching a text pattern."""

import ipaddress
import operator
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from msgspec import Struct

from secure_signal.core import instant
from secure_signal.core.errors import RefusedError

Test = Callable[[Any], bool]

# As JSON and most languages write one; Python would also take 1_000 and the digits of other scripts.
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# As many digits as a double can be large.
_INTEGER = re.compile(r"[+-]?[0-9]{1,308}")

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "neq": operator.ne,
}


class Present(Struct, frozen=True, tag=True):
    """``exists``, and ``null`` as its opposite: JSON's null counts as missing."""

    wanted: bool

    def test(self) -> Test:
        """Of a value."""
        wanted = self.wanted
        return lambda value: (value is not None) is wanted


class Number(Struct, frozen=True, tag=True, eq=False):
    """The same number, or its decimal text: 1 and 1.0 are not the same test."""

    number: int | float

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and repr(self.number) == repr(other.number)

    def __hash__(self) -> int:
        return hash(repr(self.number))

    def test(self) -> Test:
        """Of a value, or any element of a list."""
        number, text = self.number, repr(self.number)

        def equals(value: Any) -> bool:
            if isinstance(value, str):
                return value == text
            return not isinstance(value, bool) and isinstance(value, int | float) and value == number

        return _of_any(equals)


class Comparison(Struct, frozen=True, tag=True):
    """A number compared by an operator of COMPARISONS; texts count when they are decimal numbers."""

    comparison: str
    number: int | float

    def test(self) -> Test:
        """Of a value, or any element of a list."""
        compare, number = COMPARISONS[self.comparison], self.number

        def holds(value: Any) -> bool:
            found = as_number(value)
            return found is not None and compare(found, number)

        return _of_any(holds)


def as_number(value: Any) -> int | float | None:
    """A JSON number, or the number a text spells; None for anything else, infinities included."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        if _INTEGER.fullmatch(value):
            return int(value)
        value = float(value) if _DECIMAL.fullmatch(value) else None
    return value if isinstance(value, float) and value - value == 0 else None


class Network(Struct, frozen=True, tag=True):
    """An IPv4 or IPv6 network in CIDR notation."""

    cidr: str

    def test(self) -> Test:
        """Of a text, or any element of a list."""
        network = ipaddress.ip_network(self.cidr, strict=False)

        def holds(value: Any) -> bool:
            address = _address(value) if isinstance(value, str) and len(value) <= _LONGEST_ADDRESS else None
            return address is not None and address in network

        return _of_any(holds)


# That of an IPv6 address with an IPv4 one within it, and some room for its zone.
_LONGEST_ADDRESS = 64


@lru_cache(maxsize=1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address by its text: all the networks of many rules ask for the same one, one after another."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


PARTS: dict[str, Callable[[datetime], int]] = {
    "minute": lambda moment: moment.minute,
    "hour": lambda moment: moment.hour,
    "day": lambda moment: moment.day,
    "week": lambda moment: moment.isocalendar().week,
    "month": lambda moment: moment.month,
    "year": lambda moment: moment.year,
}


class TimePart(Struct, frozen=True, tag=True):
    """A part of an RFC 3339 timestamp, in UTC, compared with a number; weeks are those of ISO 8601."""

    part: str
    comparison: str
    number: int | float

    def test(self) -> Test:
        """Of a text, or any element of a list."""
        part, compare, number = PARTS[self.part], COMPARISONS[self.comparison], self.number

        def holds(value: Any) -> bool:
            try:
                return isinstance(value, str) and compare(part(instant.moment(value)), number)
            except RefusedError:
                return False

        return _of_any(holds)


def _of_any(test: Test) -> Test:
    return lambda value: any(map(test, value)) if isinstance(value, list) else test(value)
