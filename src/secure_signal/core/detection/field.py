"""How a rule sees a signal: its fields by name, and their values as texts."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from secure_signal.core import instant
from secure_signal.core.signal import Signal

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_INTEGER_DIGITS = 300


class Event:
    """A signal under evaluation; what was once read of it is kept for the next rule."""

    __slots__ = ("_folded", "_payload", "signal")

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self._payload: dict[str, Any] | None = None
        self._folded: dict[str, tuple[str, ...]] = {}

    @property
    def payload(self) -> dict[str, Any]:
        """The payload's members, decoded at the first call."""
        if self._payload is None:
            self._payload = _members(self.signal.payload)
        return self._payload

    def value(self, field: str) -> Any:
        """A field's value, None where it is missing or null.

        ``user_id``, ``type`` and ``timestamp`` are the signal's own; any other is looked up in the payload,
        first as an exact key, then as a dotted path through objects.
        """
        own = _OWN.get(field)
        if own is not None:
            return own(self.signal)
        payload = self.payload
        if field in payload:
            return payload[field]
        return _follow(payload, field) if "." in field else None

    def texts(self, field: str) -> tuple[str, ...]:
        """A field's value as texts: one of a scalar, one of each element of a list, none otherwise."""
        value = self.value(field)
        if isinstance(value, str):
            return (value,)
        if isinstance(value, list):
            return tuple(text(v) for v in value if v is not None and not isinstance(v, dict | list))
        return () if value is None or isinstance(value, dict) else (text(value),)

    def folded(self, field: str) -> tuple[str, ...]:
        """The same texts without their case."""
        folded = self._folded.get(field)
        if folded is None:
            value = self.value(field)
            folded = (fold(value),) if isinstance(value, str) else tuple(map(fold, self.texts(field)))
            self._folded[field] = folded
        return folded

    def leaves(self) -> Iterator[str]:
        """Every scalar of the payload, however deep, as text: what a keyword searches."""
        pending: list[Any] = [self.payload]
        while pending:
            value = pending.pop()
            if isinstance(value, dict):
                pending.extend(value.values())
            elif isinstance(value, list):
                pending.extend(value)
            elif value is not None:
                yield text(value)


_OWN: dict[str, Callable[[Signal], str]] = {
    "user_id": lambda signal: signal.user_id,
    "type": lambda signal: signal.type,
    "timestamp": lambda signal: instant.render(signal.timestamp),
}


def text(scalar: Any) -> str:
    """A scalar as Sigma compares it with a string: true, false, or a number's shortest decimal form."""
    if isinstance(scalar, str):
        return scalar
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    return repr(scalar)


def fold(text: str) -> str:
    """A text by Unicode's simple case folding (CaseFolding.txt, status C and S), of the same length."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


class _Folding(dict[int, int]):
    """Code points to their folded ones; only those that change are kept, about 1,500 at most."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        folded = next((f for f in (character.casefold(), character.lower()) if len(f) == 1), character)
        if folded != character:
            self[code] = ord(folded)
        return ord(folded)


_FOLDING = _Folding()


def _follow(payload: dict[str, Any], path: str) -> Any:
    node: Any = payload
    for name in path.split("."):
        if not isinstance(node, dict):
            return None
        node = node.get(name)
    return node


def _members(payload: bytes) -> dict[str, Any]:
    """A payload's members; numbers that only PostgreSQL can hold become infinities or lose digits."""
    try:
        return _decode(payload)
    except msgspec.DecodeError:
        members: dict[str, Any] = json.loads(payload, parse_int=_integer)
        return members


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else float(digits)
