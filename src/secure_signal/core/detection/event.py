"""A signal as rules see it: its fields by name, and their values as texts. Read many at a time."""

import json
from collections.abc import Callable, Iterator, Sequence
from operator import methodcaller
from typing import Annotated, Any

import msgspec
import re2

from secure_signal.core import instant, payload, signal
from secure_signal.core.detection.field import fold, follow, text
from secure_signal.core.errors import RefusedError
from secure_signal.core.signal import MAX_ID, MAX_TYPE, MAX_USER_ID, Signal


class Event(msgspec.Struct, gc=False):
    """A signal under evaluation; ``timestamp`` in microseconds, ``id`` empty when the sender gave none.

    ``folds`` keeps the texts that one rule read for the next.
    """

    user_id: str
    type: str
    timestamp: int
    payload: dict[str, Any]
    id: str = ""
    folds: dict[str, tuple[str, ...]] | None = None

    @staticmethod
    def of(signal: Signal) -> "Event":
        """The event of a signal."""
        return Event(signal.user_id, signal.type, signal.timestamp, _members(signal.payload), signal.id)

    def value(self, field: str) -> Any:
        """A field's value, None where it is missing or null.

        ``user_id``, ``type`` and ``timestamp`` are the signal's own; any other is looked up in the payload,
        first as an exact key, then as a dotted path through objects.
        """
        own = OWN.get(field)
        if own is not None:
            return own(self)
        payload = self.payload
        if field in payload:
            return payload[field]
        return follow(payload, field) if "." in field else None

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
        folds = self.folds
        if folds is None:
            folds = self.folds = {}
        folded = folds.get(field)
        if folded is None:
            value = self.value(field)
            folded = (fold(value),) if isinstance(value, str) else tuple(map(fold, self.texts(field)))
            folds[field] = folded
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


LEAVES = "\0"
"""As a field: all leaves in one text, with what no payload contains between them."""
EACH_LEAF = "\0\0"
"""As a field: a list of all leaves."""

OWN: dict[str, Callable[[Event], Any]] = {
    LEAVES: lambda event: LEAVES.join(event.leaves()),
    EACH_LEAF: lambda event: [*event.leaves()],
    "user_id": lambda event: event.user_id,
    "type": lambda event: event.type,
    "timestamp": lambda event: instant.render(event.timestamp),
}


def reader(field: str) -> Callable[[Event], Any]:
    """What reads a field's value of events, as ``Event.value`` does."""
    if field in OWN:
        return OWN[field]
    if "." in field:
        return lambda event: event.value(field)
    return lambda event: event.payload.get(field)


_WireId = (
    Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID)]
    | Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
    | None
)


class _Wire(Event):
    """An event as it comes from JSON: what is stricter than here is left to ``signal.decode``."""

    user_id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_USER_ID)]
    type: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_TYPE)]
    timestamp: str  # type: ignore[assignment]
    id: _WireId = None  # type: ignore[assignment]
    folds: None = None


def read(values: Sequence[bytes]) -> list[Event | RefusedError]:
    """The events of many records, in their order; where ``signal.decode`` refuses one, its reason.

    All at once where the block shows that ``signal.decode`` would take every one; else one by one.
    """
    events = _attempt(values)
    if events is not None:
        return [*events]
    return [event for value in values for event in _attempt((value,)) or (_exactly(value),)]


def _exactly(value: bytes) -> Event | RefusedError:
    try:
        return Event.of(signal.decode(value))
    except RefusedError as error:
        return error


def _attempt(values: Sequence[bytes]) -> Sequence[Event] | None:
    """The events of records that are good beyond doubt; None where there is a doubt about any."""
    block = b"\n".join(values)
    is_plain = block.isascii() and b"\\" not in block and b"\x7f" not in block
    if not (is_plain or _is_storable(block)) or not _is_small(values, block):
        return None
    try:
        wires = [*map(_decode, values)]
        times = instant.parse_all([wire.timestamp for wire in wires])
        for wire, time in zip(wires, times, strict=True):
            wire.timestamp = time  # type: ignore[assignment]
            if wire.id.__class__ is not str:
                wire.id = "" if wire.id is None else str(wire.id)
    except (msgspec.MsgspecError, ValueError, RecursionError, RefusedError):
        return None
    return wires if is_plain or _have_names(wires) else None


# Shorter than this, a record prints no longer than PostgreSQL may: see _number, and payload.
_MAX_BYTES = payload.MAX_BYTES // 26
_MAX_EXPONENT = 99


def _is_small(values: Sequence[bytes], block: bytes) -> bool:
    """Whether each value is short, and cannot be nested too deep."""
    if max(map(len, values), default=0) > _MAX_BYTES:
        return False
    has_lists = b"[" in block
    # Two belong to every signal: itself, and its payload.
    nested = block.count(b"{") + (block.count(b"[") if has_lists else 0) - 2 * len(values)
    if nested <= payload.MAX_DEPTH - 2:
        return True
    deepest = max(map(_braces, values)) + (max(map(_brackets, values)) if has_lists else 0)
    return deepest <= payload.MAX_DEPTH or all(
        _braces(value) + _brackets(value) <= payload.MAX_DEPTH for value in values
    )


_braces, _brackets = methodcaller("count", b"{"), methodcaller("count", b"[")
_NUL_OR_SURROGATE = re2.compile(rb"\\u(?:0000|[dD])")


def _is_storable(block: bytes) -> bool:
    """Whether it is UTF-8, and has no escape that may stand for a NUL or a lone surrogate."""
    if _NUL_OR_SURROGATE.search(block):
        return False
    try:
        return block.isascii() or bool(block.decode())
    except UnicodeDecodeError:
        return False


def _have_names(events: Sequence[Event]) -> bool:
    names = "".join([text for event in events for text in (event.user_id, event.type, event.id)])
    return names.isprintable() or not signal.CONTROL.search(names)


def _number(digits: str) -> float:
    """A number that is none of PostgreSQL's longest: 1e99 and its comma, 5 bytes, prints as 101."""
    _, _, exponent = digits.lower().partition("e")
    if exponent and abs(int(exponent)) > _MAX_EXPONENT:
        raise ValueError
    return float(digits)


_decode = msgspec.json.Decoder(_Wire, float_hook=_number).decode
_decode_members = msgspec.json.Decoder(dict[str, Any]).decode
_INTEGER_DIGITS = 300


def _members(payload: bytes) -> dict[str, Any]:
    """A payload's members; numbers that only PostgreSQL can hold become infinities or lose digits."""
    try:
        return _decode_members(payload)
    except msgspec.DecodeError:
        members: dict[str, Any] = json.loads(payload, parse_int=_integer)
        return members


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else float(digits)
