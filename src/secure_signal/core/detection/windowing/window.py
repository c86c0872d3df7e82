"""One group's window: its entries in event-time order, and which of them open an episode."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import chain
from sys import getsizeof
from typing import NamedTuple

from secure_signal.core.anomaly import MAX_EVIDENCE
from secure_signal.core.detection.rules.correlation import Measure
from secure_signal.core.detection.windowing import episode, metric, pages
from secure_signal.core.detection.windowing.episode import HOLDS, TOLD
from secure_signal.core.detection.windowing.metric import Detail
from secure_signal.core.detection.windowing.pages import Pages
from secure_signal.core.detection.windowing.terms import Terms

CAPACITY = 8_192
"""Places of a window: an entry takes one, or one for each of its values."""

_SMALLEST_TIDYING = 16
# Bytes of a window without entries, and of a place without its texts.
_EMPTY = 1_500
_PLACE = 100
# Texts are measured by one of so many.
_SAMPLED = 7


class Opening(NamedTuple):
    """An entry that opens an episode, with what those in its window are called (the newest, its own last)."""

    time: int
    user_id: str
    evidence: list[str]
    measure: Measure


class Window:
    """The entries of one group that a window can still hold, as columns.

    The metric is over the entries from ``low`` on, which are the window of the newest. ``marks`` (see
    ``episode``) are empty while there are none. ``extra`` is how many places the entries take beyond one
    each, and ``weight`` about how many bytes until it is tidied, at ``tidy_at`` places. ``swept`` is the time
    of the newest at the last sweep.
    """

    __slots__ = (
        "details",
        "extra",
        "ids",
        "low",
        "marks",
        "metric",
        "pages",
        "swept",
        "terms",
        "tidy_at",
        "times",
        "users",
        "weight",
    )

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.times: list[int] = []
        self.ids: list[str] = []
        self.users: list[str] = []
        self.details: list[Detail] = []
        self.marks: list[int] = []
        self.metric = metric.of(terms.rule)
        self.low = self.extra = self.swept = self.weight = 0
        self.tidy_at = _tidy_at(0)
        self.pages = Pages()

    @property
    def size(self) -> int:
        """How many places the entries take."""
        return len(self.times) + self.extra

    @property
    def is_long(self) -> bool:
        """Whether it is, or is to be, saved in pages."""
        return bool(self.pages.names) or len(self.times) >= 2 * pages.PAGE

    def append(self, time: int, signal_id: str, user_id: str, detail: Detail) -> Sequence[Opening]:
        """Add an entry that is no older than any other, and evaluate: the episode that it opens, if any."""
        self.times.append(time)
        self.ids.append(signal_id)
        self.users.append(user_id)
        self.details.append(detail)
        if len(detail) > 1:
            self.extra += len(detail) - 1
        self.metric.add(time, detail)
        self.leave(time - self.terms.timespan)
        return self.settle()

    def settle(self) -> Sequence[Opening]:
        """Evaluate at the newest entry, which the metric has, and tidy."""
        if self.marks:
            self.marks.append(0)
        self.shed()
        measure = self.metric.measure()
        openings = self._open(measure) if self.terms.holds(measure) else ()
        self.tidy()
        return openings

    def resume(self) -> None:
        """Take up what hangs on the columns after they were set."""
        times, details = self.times, self.details
        self.extra = _extra(details)
        self.low = bisect_left(times, times[-1] - self.terms.timespan)
        for i in range(self.low, len(times)):
            self.metric.add(times[i], details[i])
        self.tidy_at = _tidy_at(self.size)

    def forget(self) -> None:
        """Drop the entries that no window can hold any more."""
        before = self.times[-1] - self.terms.reach
        if self.times[0] < before:
            self.drop(bisect_left(self.times, before))
        if self.marks and not any(self.marks):
            self.marks = []

    def tidy(self) -> None:
        """Drop what is of no use, when it is time, and tell what is taken then."""
        if self.size < self.tidy_at:
            return
        self.forget()
        self.tidy_at = _tidy_at(self.size)
        self.weigh()

    def shed(self) -> None:
        """Drop the oldest that take too many places; the newest stays in any case."""
        if self.size <= CAPACITY:
            return
        self.forget()
        count, size = 0, self.size
        while size > CAPACITY and count < len(self.times) - 1:
            size -= len(self.details[count]) or 1
            count += 1
        self.terms.census.full += count
        self.drop(count)

    def weigh(self) -> None:
        """Tell how many bytes are taken, about, until it is tidied again."""
        sample = chain(self.ids[::_SAMPLED], self.users[::_SAMPLED], *self.details[::_SAMPLED])
        texts = sum(map(getsizeof, sample)) * _SAMPLED
        before, self.weight = self.weight, _EMPTY + 2 * texts + self.tidy_at * _PLACE
        self.terms.take(self.weight - before)

    def leave(self, start: int) -> None:
        """Take the entries before an instant out of the metric."""
        low, times, details, remove = self.low, self.times, self.details, self.metric.remove
        while times[low] < start:
            remove(times[low], details[low])
            low += 1
        self.low = low

    def drop(self, count: int) -> None:
        """Drop the oldest entries, from the metric too where they are in the window."""
        for i in range(self.low, count):
            self.metric.remove(self.times[i], self.details[i])
        self.low = max(self.low, count) - count
        self.extra -= _extra(self.details[:count])
        if self.marks:
            episode.cut(self.times, self.marks, count, self.terms.timespan)
        for column in (self.times, self.ids, self.users, self.details, self.marks):
            del column[:count]
        self.pages.drop(count)

    def opening(self, index: int, measure: Measure) -> Opening:
        """That of an entry."""
        oldest = bisect_left(self.times, self.times[index] - self.terms.timespan)
        start = max(oldest, index + 1 - MAX_EVIDENCE)
        return Opening(self.times[index], self.users[index], self.ids[start : index + 1], measure)

    def _open(self, measure: Measure) -> Sequence[Opening]:
        """Mark the newest entry, at which the condition holds: as a new episode, or the one before's."""
        self.marks = self.marks or [0] * len(self.times)
        times, marks = self.times, self.marks
        goes_on = len(times) > 1 and marks[-2] & HOLDS and times[-2] >= times[-1] - self.terms.timespan
        marks[-1] = HOLDS if goes_on else HOLDS | TOLD
        return () if goes_on else (self.opening(len(times) - 1, measure),)


def place_of(window: Window, time: int, signal_id: str) -> int | None:
    """Where an entry belongs, after those of its time; None for a signal that is there already."""
    place = bisect_right(window.times, time)
    if signal_id in window.ids[bisect_left(window.times, time) : place]:
        return None
    return place


def _extra(details: list[Detail]) -> int:
    """Places beyond one for each entry: those of its values."""
    return sum(map(len, details)) - sum(map(bool, details))


def _tidy_at(size: int) -> int:
    """The size at which there may be something to drop again: a constant cost for each entry."""
    return min(CAPACITY + 1, max(_SMALLEST_TIDYING, 2 * size))
