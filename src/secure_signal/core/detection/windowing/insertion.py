"""A late entry put at its place in a window, and what it changes of the evaluations after it."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from secure_signal.core.detection.rules.correlation import Measure
from secure_signal.core.detection.windowing import episode
from secure_signal.core.detection.windowing.metric import Detail
from secure_signal.core.detection.windowing.window import Opening, Window, place_of

MAX_REDONE = 1_000
"""Entries that may be gone over again for a late one: some milliseconds."""


def enter(window: Window, time: int, signal_id: str, user_id: str, detail: Detail) -> Sequence[Opening]:
    """Put an entry at its place in event-time order (equal times as they arrive) and evaluate.

    A signal that is in the window already changes nothing, nor does one so late in so busy a group that
    more than MAX_REDONE entries would have to be gone over again.
    """
    times = window.times
    if not times or time > times[-1]:
        return window.append(time, signal_id, user_id, detail)
    place = place_of(window, time, signal_id)
    if place is None:
        return ()
    if place == len(times):
        return window.append(time, signal_id, user_id, detail)
    if _redone(window, time, place) > MAX_REDONE:
        window.terms.census.full += 1
        return ()
    insertion = _Insertion(window)
    insertion.slide_back(place)
    _insert(window, place, time, signal_id, user_id, detail)
    return insertion.retell(place)


def _redone(window: Window, time: int, place: int) -> int:
    """How many entries an insertion goes over again: those after it, and those that left since."""
    start = bisect_left(window.times, time - window.terms.timespan)
    return len(window.times) - place + max(0, window.low - start)


def _insert(window: Window, place: int, time: int, signal_id: str, user_id: str, detail: Detail) -> None:
    window.times.insert(place, time)
    window.ids.insert(place, signal_id)
    window.users.insert(place, user_id)
    window.details.insert(place, detail)
    if window.marks:
        window.marks.insert(place, 0)
    if len(detail) > 1:
        window.extra += len(detail) - 1
    window.pages.tear(place)


class _Insertion:
    """While it lasts the window's metric is over the entries from its ``low`` to ``high``."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.high = len(window.times)

    def retell(self, place: int) -> Sequence[Opening]:
        """Evaluate all that the entry at a place counts for: the episodes that it opens."""
        window, times, span = self.window, self.window.times, self.window.terms.timespan
        end = bisect_right(times, times[place] + span)
        redone = {i: window.terms.holds(self.evaluate(i)) for i in range(place, end)}
        openings: list[Opening] = []
        if window.marks or any(redone.values()):
            window.marks = window.marks or [0] * len(times)
            opened, first = episode.retell(times, window.marks, redone, span)
            window.pages.tear(first)
            openings = [window.opening(i, self.evaluate(i)) for i in opened]
        self.evaluate(len(times) - 1)
        window.shed()
        window.tidy()
        return openings

    def evaluate(self, index: int) -> Measure:
        """The metric over the window of an entry: those up to it, at most ``timespan`` older."""
        window, times, details = self.window, self.window.times, self.window.details
        start = times[index] - window.terms.timespan
        self.slide_back(index + 1)
        while self.high <= index:
            window.metric.add(times[self.high], details[self.high])
            self.high += 1
        while window.low and times[window.low - 1] >= start:
            window.low -= 1
            window.metric.add(times[window.low], details[window.low])
        window.leave(start)
        return window.metric.measure()

    def slide_back(self, end: int) -> None:
        """Take the entries from an index on out of the metric."""
        window = self.window
        while self.high > end:
            self.high -= 1
            if self.high >= window.low:
                window.metric.remove(window.times[self.high], window.details[self.high])
        window.low = min(window.low, self.high)
