"""From matched rules to entries: group values and metric values read from the signal."""

import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from secure_signal.core.detection.correlation import Correlation, Kind
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.field import fold
from secure_signal.core.detection.match import Match, Scalar
from secure_signal.core.detection.value import as_number

# Longer values are counted by a digest, so that a window's size does not hang on theirs.
_MAX_VALUE = 64
# A person reads what the group is called: longer texts keep their beginning.
_MAX_GROUP = 256
_DIGEST_BYTES = 16
# Of a list, the first so many different values count.
_MAX_VALUES = 1_000
_LARGEST_INTEGER = 2**63
_LARGEST = sys.float_info.max


@dataclass(frozen=True, slots=True)
class Feed:
    """That a detection rule fills one slot of a correlation."""

    correlation: Correlation
    slot: int


def feeds_of(correlations: Iterable[Correlation]) -> dict[str, tuple[Feed, ...]]:
    """The feeds of each detection rule, by its id."""
    feeds: dict[str, tuple[Feed, ...]] = {}
    for correlation in correlations:
        for number, slot in enumerate(correlation.slots):
            feeds[slot.rule_id] = (*feeds.get(slot.rule_id, ()), Feed(correlation, number))
    return feeds


def matches_of(event: Event, feeds: Iterable[Feed]) -> list[Match]:
    """One match for each group of each correlation that the signal enters.

    A signal that fills several slots for the same group is one entry with all of them; one that lacks a
    value of the group enters nothing.
    """
    entries: dict[tuple[str, str], tuple[Feed, tuple[Scalar, ...], list[int], dict[Scalar, None]]] = {}
    for feed in feeds:
        slot = feed.correlation.slots[feed.slot]
        group = _group(event, slot.group_fields)
        if group is None:
            continue
        entry = entries.setdefault((feed.correlation.id, repr(group)), (feed, group, [], {}))
        entry[2].append(feed.slot)
        if slot.value_fields:
            entry[3].update(dict.fromkeys(_values(event, feed.correlation.kind, slot.value_fields)))
    return [
        Match(
            correlation=feed.correlation.id,
            slots=tuple(slots),
            group=group,
            time=event.timestamp,
            signal_id=event.id,
            user_id=event.user_id,
            values=tuple(islice(values, _MAX_VALUES)),
        )
        for feed, group, slots, values in entries.values()
    ]


def _group(event: Event, fields: tuple[str, ...]) -> tuple[Scalar, ...] | None:
    """The group's values; None when one is missing or is no scalar."""
    group = []
    for field in fields:
        value = event.value(field)
        if value is None or isinstance(value, dict | list):
            return None
        group.append(_brief(_portable(value)))
    return tuple(group)


def _values(event: Event, kind: Kind, fields: tuple[str, ...]) -> list[Scalar]:
    """What a signal adds to the metric: of a list each element, of several fields their combination.

    A number beyond a double's range adds nothing.
    """
    if len(fields) > 1:
        parts = [event.value(field) for field in fields]
        return [] if None in parts else [_distinct(_text(parts))]
    value = event.value(fields[0])
    elements = value if isinstance(value, list) else [value]
    if kind is Kind.VALUE_COUNT:
        return [_distinct(e) for e in elements if e is not None]
    numbers = (as_number(e) for e in elements if not isinstance(e, str))
    return [
        n if abs(n) < _LARGEST_INTEGER else float(n) for n in numbers if n is not None and abs(n) <= _LARGEST
    ]


def _distinct(value: Any) -> Scalar:
    """A value by which equal ones are counted once, strings without their case."""
    if isinstance(value, dict | list):
        value = _text(value)
    if not isinstance(value, str):
        return _portable(value)
    folded = fold(value)
    if len(folded) <= _MAX_VALUE:
        return folded
    return _digest(folded)


def _text(value: dict[str, Any] | list[Any]) -> str:
    """JSON, with integers of any size."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _brief(value: Scalar) -> Scalar:
    """A group's value; of a long text the beginning and a digest, which no text kept whole can equal."""
    if not isinstance(value, str) or len(value) <= _MAX_GROUP:
        return value
    # One character longer than what is kept whole.
    return f"{value[: _MAX_GROUP - 2 * _DIGEST_BYTES]}…{_digest(value)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=_DIGEST_BYTES).hexdigest()


def _portable(value: Scalar) -> Scalar:
    """The value, or its text where it is a number that MessagePack and JSON cannot both carry."""
    if isinstance(value, int) and abs(value) >= _LARGEST_INTEGER:
        return repr(value)
    return repr(value) if isinstance(value, float) and value - value != 0 else value
