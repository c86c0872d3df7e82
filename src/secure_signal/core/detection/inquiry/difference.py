"""What two rule sets find of the same signals: in common, and each alone."""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly

Key: TypeAlias = tuple[object, ...]

_SMALLEST_SWEEP = 1_024


class Change(StrEnum):
    """What became of an anomaly: found by both, by the new set alone, by the old one alone.

    ``MOVED`` is what both find of a group within the rule's timespan, at different signals: a lower
    threshold is crossed earlier, and that is no other episode.
    """

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"
    MOVED = "moved"


class _Lone(NamedTuple):
    """An anomaly that only one set has found yet."""

    change: Change
    time: int
    anomaly: Anomaly


class Difference:
    """Compares anomalies as they come, in event-time order; ``timespans`` has that of each correlation.

    It keeps those of one side only for as long as the other could still find them elsewhere.
    """

    def __init__(self, timespans: Mapping[str, int]) -> None:
        self._timespans = timespans
        self._lone: dict[Key, list[_Lone]] = {}
        self._to_sweep = _SMALLEST_SWEEP

    def compare(self, new: Iterable[Anomaly], old: Iterable[Anomaly]) -> Iterator[tuple[Change, Anomaly]]:
        """What both found of the same signals; an anomaly of one side may be told at a later call.

        Of one that moved the new set's is told.
        """
        news, olds = {a.id: a for a in new}, {a.id: a for a in old}
        yield from ((Change.SAME, found) for id_, found in news.items() if id_ in olds)
        added = (_lone(Change.ADDED, found) for id_, found in news.items() if id_ not in olds)
        removed = (_lone(Change.REMOVED, found) for id_, found in olds.items() if id_ not in news)
        for each in sorted((*added, *removed), key=lambda lone: lone.time):
            yield from self._match(each)
            if len(self._lone) > self._to_sweep:
                yield from self._sweep(each.time)

    def finish(self) -> Iterator[tuple[Change, Anomaly]]:
        """What is still of one side, now that no more comes."""
        for waiting in self._lone.values():
            yield from ((lone.change, lone.anomaly) for lone in waiting)
        self._lone.clear()

    def _match(self, each: _Lone) -> Iterator[tuple[Change, Anomaly]]:
        key = (each.anomaly.rule_id, *each.anomaly.group.items())
        if each.anomaly.rule_id not in self._timespans:
            yield each.change, each.anomaly
            return
        yield from self._end(key, each.time)
        waiting = self._lone.setdefault(key, [])
        counterpart = next((lone for lone in waiting if lone.change is not each.change), None)
        if counterpart is None:
            waiting.append(each)
        else:
            waiting.remove(counterpart)
            yield Change.MOVED, (each if each.change is Change.ADDED else counterpart).anomaly

    def _end(self, key: Key, now: int) -> Iterator[tuple[Change, Anomaly]]:
        """Tell those of a group that nothing can be the counterpart of any more."""
        waiting = self._lone.pop(key, [])
        kept = [lone for lone in waiting if lone.time >= now - self._timespans[lone.anomaly.rule_id]]
        if kept:
            self._lone[key] = kept
        yield from ((lone.change, lone.anomaly) for lone in waiting[: len(waiting) - len(kept)])

    def _sweep(self, now: int) -> Iterator[tuple[Change, Anomaly]]:
        for key in list(self._lone):
            yield from self._end(key, now)
        self._to_sweep = max(_SMALLEST_SWEEP, 2 * len(self._lone))


def _lone(change: Change, anomaly: Anomaly) -> _Lone:
    return _Lone(change, instant.parse(anomaly.event_time), anomaly)
