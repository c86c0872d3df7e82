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


def guard(raw: bytes | memoryview) -> None:
    """Pass a payload that is safe to store; RefusedError (field ``payload``) names what is not.

    ``raw`` is one JSON value whose syntax was checked already, with no space around it.
    """
    if raw[0] != 0x7B:
        raise RefusedError("payload", "must be a JSON object")
    if len(raw) > MAX_BYTES:
        raise RefusedError("payload", f"must be at most {MAX_BYTES} bytes, not {len(raw)}")
    text = bytes(raw)
    if text.count(b"{") + text.count(b"[") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise RefusedError("payload", f"must be nested at most {MAX_DEPTH} levels deep")
    if len(text) > _SMALL or (b"\\u" in text and _has_unstorable_escape(text)) or _has_long_exponent(text):
        _measure(text)


_SURROGATE_OR_NUL = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def _has_unstorable_escape(text: bytes) -> bool:
    """Whether there may be one: an escaped backslash before the u is sorted out by the slow path."""
    return _SURROGATE_OR_NUL.search(text) is not None


# With all digits alike and signs left out, a search for a fixed text tells most payloads from those that
# need the pattern, in a third of its time.
_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")


def _has_long_exponent(text: bytes) -> bool:
    return b"0e00" in text.translate(_ALIKE, b"+-") and _LONG_EXPONENT.search(text) is not None


def _depth(text: bytes) -> int:
    """How deep braces and brackets nest, those inside strings left out."""
    deepest = depth = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', text, re.DOTALL):
        if token[0] in (b"{", b"["):
            depth += 1
            deepest = max(deepest, depth)
        elif token[0] in (b"}", b"]"):
            depth -= 1
    return deepest


def _measure(text: bytes) -> None:
    """Walk the value as jsonb would print it and refuse what jsonb cannot hold, or prints too large."""
    value = json.loads(text, parse_int=_Number, parse_float=_Number)
    size = _printed_size(value)
    if size > MAX_BYTES:
        raise RefusedError(
            "payload", f"must be at most {MAX_BYTES} bytes as PostgreSQL prints it, not {size}"
        )


class _Number:
    """A JSON number by the size of its text, which is all that is asked of it."""

    def __init__(self, text: str) -> None:
        self.size = _numeric_size(text)


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
    match value:
        case str():
            return _string_size(value)
        case _Number():
            return value.size
        case dict():
            return (
                2
                + sum(_string_size(k) + 2 + _printed_size(v) for k, v in value.items())
                + 2 * max(0, len(value) - 1)
            )
        case list():
            return 2 + sum(map(_printed_size, value)) + 2 * max(0, len(value) - 1)
        case _:
            return 5 if value is False else 4


def _string_size(text: str) -> int:
    """Bytes of a string as jsonb prints it: quoted, control characters escaped, the rest as UTF-8."""
    if "\0" in text:
        raise RefusedError("payload", "has \\u0000, which PostgreSQL cannot hold")
    try:
        size = 2 + len(text.encode())
    except UnicodeEncodeError:
        raise RefusedError("payload", "has a lone surrogate, which is no character") from None
    size += text.count('"') + text.count("\\")
    return size + sum(1 if c in "\b\f\n\r\t" else 5 for c in text if c < " ")
