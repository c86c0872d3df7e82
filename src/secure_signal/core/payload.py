"""What PostgreSQL's jsonb can hold. Guards a signal's payload, given as its raw JSON text."""

import json
import re

from secure_signal.core.errors import RefusedError

MAX_BYTES = 256 * 1024
MAX_DEPTH = 64

# PostgreSQL's numeric: digits before and after the decimal point (documentation, 8.1 Numeric Types).
_MAX_INTEGER_DIGITS = 131_072
_MAX_FRACTION_DIGITS = 16_383

# Below this size, text without a longer exponent cannot print larger than MAX_BYTES: jsonb adds at most
# one space for each comma and colon, and 1e9 with its comma, 4 bytes, prints as 12.
_SMALL = MAX_BYTES // 3
_LONG_EXPONENT = re.compile(rb"[\[:,\s]-?[0-9]+(?:\.[0-9]+)?[eE][+-]?[0-9]{2}")
_EXPONENT = re.compile(rb"[\[:,\s]-?[0-9]+(?:\.[0-9]+)?[eE]")

# A search for a fixed text, with all digits alike and signs left out, tells most payloads from those that
# need a pattern, in a third of its time. Brackets are alike to be counted at once.
_ALIKE = bytes.maketrans(b"123456789E[]", b"000000000e{}")


def guard(raw: bytes | memoryview) -> None:
    """Pass a payload that is safe to store; RefusedError (field ``payload``) names what is not.

    ``raw`` is one JSON value whose syntax was checked already, with no space around it.
    """
    if raw[0] != 0x7B:
        raise RefusedError("payload", "must be a JSON object")
    if len(raw) > MAX_BYTES:
        raise RefusedError("payload", f"must be at most {MAX_BYTES} bytes, not {len(raw)}")
    text = bytes(raw)
    alike = text.translate(_ALIKE, b"+-")
    if alike.count(b"{") > MAX_DEPTH and _is_deep(text):
        raise RefusedError("payload", f"must be nested at most {MAX_DEPTH} levels deep")
    if _is_suspicious(text, alike):
        _measure(text)


_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def _is_deep(text: bytes) -> bool:
    """Whether braces and brackets nest too deep, those inside strings left out."""
    nested = _STRING.sub(b"", text).translate(_ALIKE, _NO_BRACKETS)
    for _ in range(MAX_DEPTH):
        nested = nested.replace(b"{}", b"")
        if not nested:
            return False
    return True


_BACKSLASH = ord("\\")
_SURROGATE_OR_NUL = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def _is_suspicious(text: bytes, alike: bytes) -> bool:
    """Whether ``_measure`` has to say if the text is good; where this is false it is."""
    # A backslash may be escaped itself.
    if _BACKSLASH in alike and _SURROGATE_OR_NUL.search(text):
        return True
    if alike.find(b"0e00") >= 0 and _LONG_EXPONENT.search(text):
        return True
    if len(text) <= _LONG_NUMBER:
        return False
    if _has_long_number(text):
        return True
    return len(text) > _SMALL and (
        len(text) + text.count(b",") + text.count(b":") > MAX_BYTES
        or (b"0e0" in alike and _EXPONENT.search(text) is not None)
    )


# Of so many digits in a row numeric holds 9 more, for an exponent of one digit.
_LONG_NUMBER = _MAX_FRACTION_DIGITS - 9
_BLOCK = _LONG_NUMBER // 2


def _has_long_number(text: bytes) -> bool:
    """Whether there may be more than _LONG_NUMBER digits in a row, which fill at least one block."""
    return any(text[start : start + _BLOCK].isdigit() for start in range(0, len(text), _BLOCK))


def _measure(text: bytes) -> None:
    """Walk the value as jsonb would print it and refuse what jsonb cannot hold, or prints too large."""
    size = _printed_size(json.loads(text, parse_int=_integer_size, parse_float=_numeric_size))
    if size > MAX_BYTES:
        raise RefusedError(
            "payload", f"must be at most {MAX_BYTES} bytes as PostgreSQL prints it, not {size}"
        )


def _integer_size(text: str) -> int:
    """Bytes that PostgreSQL prints for a number without fraction and exponent."""
    return len(text) if len(text) <= _MAX_INTEGER_DIGITS else _numeric_size(text)


def _numeric_size(text: str) -> int:
    """Bytes that PostgreSQL prints for a number; RefusedError where numeric cannot hold it."""
    mantissa, _, exponent_text = text.lower().partition("e")
    if len(exponent_text) > 8:
        raise RefusedError("payload", f"has a number that PostgreSQL cannot hold: {text[:40]}")
    integer, _, fraction = mantissa.lstrip("-").partition(".")
    exponent = int(exponent_text or 0)
    fraction_digits = max(0, len(fraction) - exponent)
    digits = (integer + fraction).lstrip("0")
    integer_digits = max(0, len(digits) - len(fraction) + exponent)
    if integer_digits > _MAX_INTEGER_DIGITS or fraction_digits > _MAX_FRACTION_DIGITS:
        raise RefusedError("payload", f"has a number that PostgreSQL cannot hold: {text[:40]}")
    return (
        len(mantissa)
        - len(mantissa.lstrip("-"))
        + max(1, integer_digits)
        + bool(fraction_digits)
        + fraction_digits
    )


def _printed_size(value: object) -> int:
    """Bytes of a value as jsonb prints it; an int stands for a number, by its size."""
    kind = type(value)
    if kind is int:
        return value  # type: ignore[return-value]
    if kind is str:
        return _string_size(value)  # type: ignore[arg-type]
    if isinstance(value, list):
        return 2 + sum(map(_printed_size, value)) + 2 * max(0, len(value) - 1)
    if isinstance(value, dict):
        members = sum(map(_string_size, value)) + sum(map(_printed_size, value.values()))
        return 2 + members + 2 * len(value) + 2 * max(0, len(value) - 1)
    return 5 if value is False else 4


# It escapes as jsonb does: quotes, backslashes and control characters, the latter by letters where there are.
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def _string_size(text: str) -> int:
    """Bytes of a string as jsonb prints it."""
    if "\0" in text:
        raise RefusedError("payload", "has \\u0000, which PostgreSQL cannot hold")
    try:
        return len(_quoted(text).encode())
    except UnicodeEncodeError:
        raise RefusedError("payload", "has a lone surrogate, which is no character") from None
