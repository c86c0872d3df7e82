"""One group's window: its entries in event-time order, and which of them open an episode."""

from array import array
from bisect import bisect_left, bisect_right
from typing import NamedTuple

from secure_signal.core.anomaly import MAX_EVIDENCE
from secure_signal.core.detection import episode, metric
from secure_signal.core.detection.correlation import OPERATORS, Correlation
from secure_signal.core.detection.match import Match
from secure_signal.core.detection.metric import Detail, Measure


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
    evaluation, and slides both ways.
    """

    __slots__ = ("details", "high", "ids", "low", "marks", "metric", "position", "rule", "times", "users")

    def __init__(self, rule: Correlation) -> None:
        self.rule = rule
        self.position = -1
        self.times = array("q")
        self.ids: list[str] = []
        self.users: list[str] = []
        self.details: list[Detail] = []
        self.marks = array("q")
        self.metric = metric.of(rule)
        self.low = self.high = 0

    @property
    def newest(self) -> int:
        """The greatest time of its entries."""
        return self.times[-1]

    def enter(self, match: Match, lateness: int) -> list[Opening]:
        """Put an entry at its place in event-time order (equal times as they arrive) and evaluate.

        A signal that is in the window already changes nothing.
        """
        if not self.times or match.time > self.times[-1]:
            return self._append(match, lateness)
        place = bisect_right(self.times, match.time)
        if match.signal_id in self.ids[bisect_left(self.times, match.time) : place]:
            return []
        if place == len(self.times):
            return self._append(match, lateness)
        return self._insert(match, place)

    def resume(self) -> None:
        """Take up the metric again after the columns were set."""
        self._evaluate(len(self.times) - 1)

    def _append(self, match: Match, lateness: int) -> list[Opening]:
        last = len(self.times)
        self._place(last, match)
        measure = self._evaluate(last)
        if not self._satisfies(measure):
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

    def _insert(self, match: Match, place: int) -> list[Opening]:
        self._slide_back(place)
        self._place(place, match)
        end = bisect_right(self.times, match.time + self.rule.timespan)
        redone = {i: self._satisfies(self._evaluate(i)) for i in range(place, end)}
        opened = episode.retell(self.times, self.marks, redone, self.rule.timespan)
        openings = [self._opening(i, self._evaluate(i)) for i in opened]
        self.resume()
        return openings

    def _place(self, place: int, match: Match) -> None:
        self.times.insert(place, match.time)
        self.ids.insert(place, match.signal_id)
        self.users.insert(place, match.user_id)
        self.details.insert(place, metric.detail_of(match, self.rule.kind))
        self.marks.insert(place, 0)

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

    def _satisfies(self, measure: Measure) -> bool:
        return measure is not None and OPERATORS[self.rule.comparison](measure, self.rule.limit)

    def _opening(self, index: int, measure: Measure) -> Opening:
        start = max(bisect_left(self.times, self.times[index] - self.rule.timespan), index + 1 - MAX_EVIDENCE)
        return Opening(self.times[index], self.users[index], self.ids[start : index + 1], measure)

    def _forget(self, before: int) -> None:
        """Drop the entries older than an instant, once they are the half."""
        if self.times[0] >= before:
            return
        count = bisect_left(self.times, before)
        if 2 * count < len(self.times):
            return
        for column in (self.times, self.ids, self.users, self.details, self.marks):
            del column[:count]
        self.low -= count
        self.high -= count
