"""From matched rules to entries: group values and metric values read from the signal."""

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from secure_signal.core.detection.event import Event, reader
from secure_signal.core.detection.field import fold, text
from secure_signal.core.detection.matching.value import as_number
from secure_signal.core.detection.rules.correlation import Correlation, Kind
from secure_signal.core.detection.windowing import origin
from secure_signal.core.detection.windowing.match import Match, Scalar
from secure_signal.core.detection.windowing.window import Opening
from secure_signal.core.detection.windowing.windows import Windows

# Longer values are counted by a digest, so that a window's size does not hang on theirs.
_MAX_VALUE = 64
# A person reads what the group is called: longer texts keep their beginning.
_MAX_GROUP = 256
_DIGEST_BYTES = 16
# Of a list, the first so many different values count.
_MAX_VALUES = 1_000
_LARGEST_INTEGER = 2**63
_LARGEST = sys.float_info.max


class Feed(NamedTuple):
    """That a detection rule fills one slot of a correlation, and how a signal that it matches is entered.

    ``group`` and ``detail`` read the signal's group (None where it lacks one) and what its entry keeps, as
    ``enter`` of the correlation's groups takes them.
    """

    correlation: Correlation
    slot: int
    is_local: bool
    group: Callable[[Event], tuple[Scalar, ...] | None]
    values: Callable[[Event], Sequence[Scalar]]
    detail: Callable[[Event], Sequence[Scalar]]
    enter: Callable[..., Sequence[Opening]]


def feeds_of(correlations: Iterable[Correlation], windows: Windows) -> dict[str, tuple[Feed, ...]]:
    """The feeds of each rule, by its id."""
    feeds: dict[str, tuple[Feed, ...]] = {}
    for correlation in correlations:
        enter = windows.groups(correlation.id).enter
        is_local = correlation.is_local
        for number, slot in enumerate(correlation.slots):
            values = _values_reader(correlation.kind, slot.value_fields)
            feed = Feed(
                correlation,
                number,
                is_local,
                _group_reader(slot.group_fields),
                values,
                _detail_reader(correlation.kind, number, values),
                enter,
            )
            feeds[slot.rule_id] = (*feeds.get(slot.rule_id, ()), feed)
    return feeds


def matches_of(event: Event, feeds: Iterable[Feed]) -> list[Match]:
    """One match for each group of each correlation that the signal enters.

    A signal that fills several slots for the same group is one entry with all of them; one that lacks a
    value of the group enters nothing.
    """
    entries: dict[tuple[str, str], tuple[Feed, tuple[Scalar, ...], list[int], dict[Scalar, None]]] = {}
    for feed in feeds:
        group = feed.group(event)
        if group is None:
            continue
        entry = entries.setdefault((feed.correlation.id, repr(group)), (feed, group, [], {}))
        entry[2].append(feed.slot)
        entry[3].update(dict.fromkeys(feed.values(event)))
    return [
        Match(
            correlation=feed.correlation.id,
            slots=tuple(slots),
            group=group,
            time=event.timestamp,
            signal_id=called(event, feed.correlation),
            user_id=event.user_id,
            values=tuple(islice(values, _MAX_VALUES)),
        )
        for feed, group, slots, values in entries.values()
    ]


def called(event: Event, correlation: Correlation) -> str:
    """What the signal's entry is called, with the fields that are asked of what it may complete."""
    read = ((field, _plain(event.value(field))) for field in correlation.carried)
    return origin.called(event.id, {field: value for field, value in read if value is not None})


def _group_reader(fields: tuple[str, ...]) -> Callable[[Event], tuple[Scalar, ...] | None]:
    """What reads the group's values; None when one is missing or is no scalar."""
    if fields == ("user_id",):
        return lambda event: (event.user_id,)
    readers = [reader(field) for field in fields]

    def group(event: Event) -> tuple[Scalar, ...] | None:
        values = []
        for read in readers:
            value = _plain(read(event))
            if value is None:
                return None
            values.append(value)
        return tuple(values)

    return group


def _detail_reader(
    kind: Kind, slot: int, values: Callable[[Event], Sequence[Scalar]]
) -> Callable[[Event], Sequence[Scalar]]:
    """What reads that which an entry of this slot alone keeps beside its time."""
    if kind is Kind.EVENT_COUNT:
        return _nothing
    if kind in (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED):
        return lambda _: (slot,)
    return values


def _values_reader(kind: Kind, fields: tuple[str, ...]) -> Callable[[Event], Sequence[Scalar]]:
    """What reads the different values for the metric: of a list those of its elements, as far as they count.

    Of several fields it is their combination.
    """
    readers = [reader(field) for field in fields]
    if not fields:
        return _nothing
    if len(fields) > 1:
        return lambda event: _combination([read(event) for read in readers])
    (read,) = readers
    one = _distinct_value if kind is Kind.VALUE_COUNT else _number

    def values(event: Event) -> Sequence[Scalar]:
        value = read(event)
        if value.__class__ is not list:
            return one(value)
        found = dict.fromkeys(each for element in value for each in one(element))
        return tuple(islice(found, _MAX_VALUES))

    return values


def _nothing(_: Event) -> tuple[()]:
    return ()


def _combination(parts: list[Any]) -> list[Scalar]:
    return [] if None in parts else [_distinct(_text(parts))]


def _distinct_value(value: Any) -> tuple[Scalar, ...]:
    return () if value is None else (_distinct(value),)


def _number(value: Any) -> tuple[Scalar, ...]:
    """A value as a number; none where it is none, a text too, or one beyond a double's range."""
    number = None if isinstance(value, str) else as_number(value)
    if number is None or abs(number) > _LARGEST:
        return ()
    return (number if abs(number) < _LARGEST_INTEGER else float(number),)


def _distinct(value: Any) -> Scalar:
    """A value by which equal ones are counted once, strings without their case."""
    if isinstance(value, dict | list):
        value = _text(value)
    if isinstance(value, bool):  # 1 is another value.
        return text(value)
    if not isinstance(value, str):
        return _portable(value)
    folded = fold(value)
    if len(folded) <= _MAX_VALUE:
        return folded
    return _digest(folded)


def _text(value: dict[str, Any] | list[Any]) -> str:
    """JSON, with integers of any size."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Scalar | None:
    """A value by which signals are grouped, 1.0 as 1; None for what is none, or no scalar."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_INTEGER:
        return int(value)
    return None if value is None or isinstance(value, dict | list) else _brief(_portable(value))


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
