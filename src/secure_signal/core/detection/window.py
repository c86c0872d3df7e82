"""One group's window: its entries in event-time order, and which of them open an episode."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from secure_signal.core.anomaly import MAX_EVIDENCE
from secure_signal.core.detection import episode, metric
from secure_signal.core.detection.census import Census
from secure_signal.core.detection.correlation import Correlation, Measure
from secure_signal.core.detection.metric import Detail

CAPACITY = 8_192
"""Places of a window: an entry takes one, or one for each of its values."""

MAX_REDONE = 1_000
"""Entries that may be gone over again for a late one: some milliseconds."""

PAGE = 128
"""Entries of a page: so many old ones are saved once, and not again whenever a newer one comes."""

_SMALLEST_TIDYING = 16
_FROM = {"gt", "gte", "eq"}


class Opening(NamedTuple):
    """An entry that opens an episode, with what those in its window are called (the newest, its own last)."""

    time: int
    user_id: str
    evidence: list[str]
    measure: Measure


class Terms:
    """What the windows of one correlation have in common; times in microseconds.

    ``reach`` is how far back from a group's newest entry its window has to hold entries, for one that is
    late by up to ``lateness`` has a window of its own. Below ``least`` the condition does not hold.
    """

    __slots__ = ("census", "holds", "lateness", "least", "measure", "reach", "rule", "timespan")

    def __init__(self, rule: Correlation, lateness: int, census: Census) -> None:
        self.rule = rule
        self.lateness = lateness
        self.timespan = rule.timespan
        self.reach = rule.timespan + lateness
        self.holds = rule.condition()
        self.least = max((b.limit for b in rule.bounds if b.comparison in _FROM), default=-inf)
        self.measure = metric.at_once(rule)
        self.census = census


class Window:
    """The entries of one group that a window can still hold, as columns.

    The metric is over the entries from ``low`` on, which are the window of the newest. ``marks`` (see
    ``episode``) are empty while the condition holds at none of them. ``size`` is how many places the entries
    take; ``end`` when event time leaves the window behind, and ``swept`` what that was at the last sweep.
    ``pages`` are the names of those in which the oldest entries are saved, after ``skip`` others that were
    dropped; ``torn`` the names of those that are no longer of use.
    """

    __slots__ = (
        "details",
        "end",
        "high",
        "ids",
        "low",
        "marks",
        "metric",
        "pages",
        "size",
        "skip",
        "swept",
        "terms",
        "tidy_at",
        "times",
        "torn",
        "users",
    )

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.end = self.swept = 0
        self.times: list[int] = []
        self.ids: list[str] = []
        self.users: list[str] = []
        self.details: list[Detail] = []
        self.marks: list[int] = []
        self.metric = metric.of(terms.rule)
        self.low = self.high = self.size = self.skip = 0
        self.tidy_at = _tidy_at(0)
        self.pages: list[str] = []
        self.torn: list[str] = []

    @property
    def is_long(self) -> bool:
        """Whether it is, or is to be, saved in pages."""
        return bool(self.pages) or len(self.times) >= 2 * PAGE

    def append(self, time: int, signal_id: str, user_id: str, detail: Detail) -> Sequence[Opening]:
        """Add an entry that is no older than any other, and evaluate: the episode that it opens, if any."""
        times, terms, metric = self.times, self.terms, self.metric
        times.append(time)
        self.ids.append(signal_id)
        self.users.append(user_id)
        self.details.append(detail)
        if self.marks:
            self.marks.append(0)
        self.end = time + terms.reach
        self.size += len(detail) or 1
        metric.add(time, detail)
        start = time - terms.timespan
        if times[self.low] < start:
            self._leave(start)
        if self.size >= self.tidy_at:
            self._tidy()
        measure = metric.measure()
        if measure is None or measure < terms.least:
            return ()
        return self._open(measure) if terms.holds(measure) else ()

    def enter(self, time: int, signal_id: str, user_id: str, detail: Detail) -> Sequence[Opening]:
        """Put an entry at its place in event-time order (equal times as they arrive) and evaluate.

        A signal that is in the window already changes nothing, nor does one so late in so busy a group that
        more than MAX_REDONE entries would have to be gone over again. Beyond CAPACITY the oldest are dropped.
        """
        times = self.times
        if not times or time > times[-1]:
            return self.append(time, signal_id, user_id, detail)
        place = bisect_right(times, time)
        if signal_id in self.ids[bisect_left(times, time) : place]:
            return ()
        if place == len(times):
            return self.append(time, signal_id, user_id, detail)
        if self._redone(time, place) > MAX_REDONE:
            self.terms.census.full += 1
            return ()
        return self._insert(place, time, signal_id, user_id, detail)

    def resume(self) -> None:
        """Take up size, end and metric again after the columns were set."""
        times, details = self.times, self.details
        self.size = _places(details)
        self.tidy_at = _tidy_at(self.size)
        self.end = times[-1] + self.terms.reach
        self.low, self.high = bisect_left(times, times[-1] - self.terms.timespan), len(times)
        for i in range(self.low, self.high):
            self.metric.add(times[i], details[i])

    def forget(self) -> None:
        """Drop the entries that no window can hold any more."""
        before = self.times[-1] - self.terms.reach
        if self.times[0] < before:
            self._drop(bisect_left(self.times, before))
        if self.marks and not any(self.marks):
            self.marks = []

    def _leave(self, start: int) -> None:
        """Take the entries before an instant out of the metric."""
        low, times, details, remove = self.low, self.times, self.details, self.metric.remove
        while times[low] < start:
            remove(times[low], details[low])
            low += 1
        self.low = low

    def _open(self, measure: Measure) -> Sequence[Opening]:
        """Mark the newest entry, at which the condition holds: as a new episode, or the one before's."""
        times, marks = self.times, self._marked()
        mark = marks[-2] if len(times) > 1 and times[-2] >= times[-1] - self.terms.timespan else 0
        marks[-1] = mark or max(marks) + 1
        if not mark:
            return (self._opening(len(times) - 1, measure),)
        return ()

    def _marked(self) -> list[int]:
        if not self.marks:
            self.marks = [0] * len(self.times)
        return self.marks

    def _insert(
        self, place: int, time: int, signal_id: str, user_id: str, detail: Detail
    ) -> Sequence[Opening]:
        self.high = len(self.times)
        self._slide_back(place)
        self._place(place, time, signal_id, user_id, detail)
        holds, times = self.terms.holds, self.times
        end = bisect_right(times, time + self.terms.timespan)
        redone = {i: holds(self._evaluate(i)) for i in range(place, end)}
        openings: list[Opening] = []
        if self.marks or any(redone.values()):
            opened, first = episode.retell(times, self._marked(), redone, self.terms.timespan)
            self._tear(first)
            openings = [self._opening(i, self._evaluate(i)) for i in opened]
        self._evaluate(len(times) - 1)
        if self.size >= self.tidy_at:
            self._tidy()
        return openings

    def _redone(self, time: int, place: int) -> int:
        """How many entries an insertion goes over again: those after it, and those that left since."""
        start = bisect_left(self.times, time - self.terms.timespan)
        return len(self.times) - place + max(0, self.low - start)

    def _place(self, place: int, time: int, signal_id: str, user_id: str, detail: Detail) -> None:
        self.times.insert(place, time)
        self.ids.insert(place, signal_id)
        self.users.insert(place, user_id)
        self.details.insert(place, detail)
        if self.marks:
            self.marks.insert(place, 0)
        self.size += len(detail) or 1
        self._tear(place)

    def _evaluate(self, index: int) -> Measure:
        """The metric over the window of an entry: those up to it, at most ``timespan`` older."""
        times, details = self.times, self.details
        start = times[index] - self.terms.timespan
        self._slide_back(index + 1)
        while self.high <= index:
            self.metric.add(times[self.high], details[self.high])
            self.high += 1
        while self.low and times[self.low - 1] >= start:
            self.low -= 1
            self.metric.add(times[self.low], details[self.low])
        self._leave(start)
        return self.metric.measure()

    def _slide_back(self, end: int) -> None:
        while self.high > end:
            self.high -= 1
            if self.high >= self.low:
                self.metric.remove(self.times[self.high], self.details[self.high])
        self.low = min(self.low, self.high)

    def _opening(self, index: int, measure: Measure) -> Opening:
        oldest = bisect_left(self.times, self.times[index] - self.terms.timespan)
        start = max(oldest, index + 1 - MAX_EVIDENCE)
        return Opening(self.times[index], self.users[index], self.ids[start : index + 1], measure)

    def _tidy(self) -> None:
        """Drop what is of no use, and the oldest that take too many places; the newest stays in any case."""
        self.forget()
        if self.size > CAPACITY:
            count, size = 0, self.size
            while size > CAPACITY and count < len(self.times) - 1:
                size -= len(self.details[count]) or 1
                count += 1
            self.terms.census.full += count
            self._drop(count)
        self.tidy_at = _tidy_at(self.size)

    def _drop(self, count: int) -> None:
        """Drop the oldest entries, from the metric too where they are in the window."""
        for i in range(self.low, count):
            self.metric.remove(self.times[i], self.details[i])
        self.low = max(self.low, count) - count
        self.size -= _places(self.details[:count])
        for column in (self.times, self.ids, self.users, self.details, self.marks):
            del column[:count]
        whole, self.skip = divmod(self.skip + count, PAGE) if self.pages else (0, 0)
        self.torn += self.pages[:whole]
        del self.pages[:whole]
        if not self.pages:
            self.skip = 0

    def _tear(self, place: int) -> None:
        """An entry has changed: its page, and those after it, are no longer as they were."""
        if not self.pages:
            return
        whole = (self.skip + place) // PAGE
        self.torn += self.pages[whole:]
        del self.pages[whole:]
        if not self.pages:
            self.skip = 0


def _places(details: list[Detail]) -> int:
    """One for each value, and for each entry without any."""
    return sum(map(len, details)) + len(details) - sum(map(bool, details))


def _tidy_at(size: int) -> int:
    """The size at which there may be something to drop again: a constant cost for each entry."""
    return min(CAPACITY + 1, max(_SMALLEST_TIDYING, 2 * size))
