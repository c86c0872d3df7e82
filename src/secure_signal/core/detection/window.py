"""One group's window: its entries in event-time order, and which of them open an episode."""

from array import array
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from secure_signal.core.anomaly import MAX_EVIDENCE
from secure_signal.core.detection import episode, metric
from secure_signal.core.detection.correlation import Correlation, Measure
from secure_signal.core.detection.match import Match
from secure_signal.core.detection.metric import Detail

CAPACITY = 8_192
"""Places of a window. An entry takes one, or one for each of its values; with ids of the greatest length
their state is less than the 16 MiB of a record on ``detector-state``."""

MAX_REDONE = 1_000
"""Entries that may be gone over again for a late one: some milliseconds."""


class Opening(NamedTuple):
    """An entry that opens an episode, with the ids in its window (the newest, its own last)."""

    time: int
    user_id: str
    evidence: list[str]
    measure: Measure


class Window:
    """The entries of one group that a window can still hold, as columns.

    They reach ``timespan + lateness`` back from the newest, for an entry late by up to ``lateness`` has a
    window of its own. The metric is over the entries ``low`` to ``high``, which are the window of the last
    evaluation, and slides both ways. ``size`` is how many places they take, ``dropped`` how many entries
    were too many.
    """

    __slots__ = (
        "details",
        "dropped",
        "high",
        "holds",
        "ids",
        "low",
        "marks",
        "metric",
        "position",
        "rule",
        "size",
        "times",
        "users",
    )

    def __init__(self, rule: Correlation) -> None:
        self.rule = rule
        self.position = -1
        self.times = array("q")
        self.ids: list[str] = []
        self.users: list[str] = []
        self.details: list[Detail] = []
        self.marks = array("q")
        self.metric = metric.of(rule)
        self.holds = rule.condition()
        self.low = self.high = self.size = self.dropped = 0

    @property
    def newest(self) -> int:
        """The greatest time of its entries."""
        return self.times[-1]

    def enter(self, match: Match, lateness: int) -> list[Opening]:
        """Put an entry at its place in event-time order (equal times as they arrive) and evaluate.

        A signal that is in the window already changes nothing, nor does one so late in so busy a group that
        more than MAX_REDONE entries would have to be gone over again. Beyond CAPACITY the oldest are dropped.
        """
        if not self.times or match.time > self.times[-1]:
            return self._append(match, lateness)
        place = bisect_right(self.times, match.time)
        if match.signal_id in self.ids[bisect_left(self.times, match.time) : place]:
            return []
        if place == len(self.times):
            return self._append(match, lateness)
        if self._redone(match.time, place) > MAX_REDONE:
            self.dropped += 1
            return []
        return self._insert(match, place, lateness)

    def resume(self) -> None:
        """Take up the size and the metric again after the columns were set."""
        self.size = sum(map(_places, self.details))
        self._evaluate(len(self.times) - 1)

    def _append(self, match: Match, lateness: int) -> list[Opening]:
        self._place(len(self.times), match)
        self._make_room(lateness)
        last = len(self.times) - 1
        measure = self._evaluate(last)
        if not self.holds(measure):
            opened = False
        else:
            mark = (
                self.marks[last - 1]
                if last and self.times[last - 1] >= match.time - self.rule.timespan
                else 0
            )
            opened = not mark
            self.marks[last] = mark or max(self.marks) + 1
        openings = [self._opening(last, measure)] if opened else []
        self._forget(match.time - self.rule.timespan - lateness)
        return openings

    def _insert(self, match: Match, place: int, lateness: int) -> list[Opening]:
        self._slide_back(place)
        self._place(place, match)
        end = bisect_right(self.times, match.time + self.rule.timespan)
        redone = {i: self.holds(self._evaluate(i)) for i in range(place, end)}
        opened = episode.retell(self.times, self.marks, redone, self.rule.timespan)
        openings = [self._opening(i, self._evaluate(i)) for i in opened]
        self._evaluate(len(self.times) - 1)
        self._make_room(lateness)
        return openings

    def _redone(self, time: int, place: int) -> int:
        """How many entries an insertion goes over again: those after it, and those that left since."""
        start = bisect_left(self.times, time - self.rule.timespan)
        return len(self.times) - place + max(0, self.low - start)

    def _place(self, place: int, match: Match) -> None:
        self.times.insert(place, match.time)
        self.ids.insert(place, match.signal_id)
        self.users.insert(place, match.user_id)
        detail = metric.detail_of(match, self.rule.kind)
        self.details.insert(place, detail)
        self.marks.insert(place, 0)
        self.size += _places(detail)

    def _evaluate(self, index: int) -> Measure:
        """The metric over the window of an entry: those up to it, at most ``timespan`` older."""
        times, details = self.times, self.details
        start = times[index] - self.rule.timespan
        self._slide_back(index + 1)
        while self.high <= index:
            self.metric.add(times[self.high], details[self.high])
            self.high += 1
        while self.low and times[self.low - 1] >= start:
            self.low -= 1
            self.metric.add(times[self.low], details[self.low])
        while times[self.low] < start:
            self.metric.remove(times[self.low], details[self.low])
            self.low += 1
        return self.metric.measure()

    def _slide_back(self, end: int) -> None:
        while self.high > end:
            self.high -= 1
            if self.high >= self.low:
                self.metric.remove(self.times[self.high], self.details[self.high])
        self.low = min(self.low, self.high)

    def _opening(self, index: int, measure: Measure) -> Opening:
        start = max(bisect_left(self.times, self.times[index] - self.rule.timespan), index + 1 - MAX_EVIDENCE)
        return Opening(self.times[index], self.users[index], self.ids[start : index + 1], measure)

    def _forget(self, before: int) -> None:
        """Drop the entries older than an instant, once they are the half."""
        if self.times[0] >= before:
            return
        count = bisect_left(self.times, before)
        if 2 * count >= len(self.times):
            self._drop(count)

    def _make_room(self, lateness: int) -> None:
        """Drop the oldest entries where they take too many places; the newest stays in any case."""
        if self.size <= CAPACITY:
            return
        count, size = 0, self.size
        while size > CAPACITY and count < len(self.times) - 1:
            size -= _places(self.details[count])
            count += 1
        # Those that no window holds any more are no loss.
        useless = bisect_left(self.times, self.newest - self.rule.timespan - lateness)
        self.dropped += max(0, count - useless)
        self._drop(count)

    def _drop(self, count: int) -> None:
        """Drop the oldest entries, from the metric too where they are in the window."""
        for i in range(self.low, count):
            self.metric.remove(self.times[i], self.details[i])
        self.low = max(self.low, count) - count
        self.high -= count
        self.size -= sum(map(_places, self.details[:count]))
        for column in (self.times, self.ids, self.users, self.details, self.marks):
            del column[:count]


def _places(detail: Detail) -> int:
    return len(detail) or 1
