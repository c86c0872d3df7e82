"""Windows of the two commonest correlations, whose append has its metric in it.

A call costs as much as an entry itself.
"""

from collections.abc import Sequence

from secure_signal.core.detection.rules.correlation import Kind
from secure_signal.core.detection.windowing.metric import Count, Detail, Distinct
from secure_signal.core.detection.windowing.terms import Terms
from secure_signal.core.detection.windowing.window import Opening, Window


class Events(Window):
    """Of event_count."""

    __slots__ = ()
    metric: Count

    def append(self, time: int, signal_id: str, user_id: str, detail: Detail) -> Sequence[Opening]:
        """As any window."""
        times, terms, low = self.times, self.terms, self.low
        times.append(time)
        self.ids.append(signal_id)
        self.users.append(user_id)
        self.details.append(detail)
        start = time - terms.timespan
        while times[low] < start:
            low += 1
        self.low = low
        self.metric.count = count = len(times) - low
        if count >= terms.least or len(times) >= self.tidy_at or self.marks:
            return self.settle()
        return ()


class Values(Window):
    """Of value_count."""

    __slots__ = ()
    metric: Distinct

    def append(self, time: int, signal_id: str, user_id: str, detail: Detail) -> Sequence[Opening]:
        """As any window."""
        times, details, terms, low, counts = (
            self.times,
            self.details,
            self.terms,
            self.low,
            self.metric.counts,
        )
        times.append(time)
        self.ids.append(signal_id)
        self.users.append(user_id)
        details.append(detail)
        if len(detail) > 1:
            self.extra += len(detail) - 1
        for value in detail:
            counts[value] = counts.get(value, 0) + 1
        start = time - terms.timespan
        while times[low] < start:
            for value in details[low]:
                if counts[value] == 1:
                    del counts[value]
                else:
                    counts[value] -= 1
            low += 1
        self.low = low
        if len(counts) >= terms.least or len(times) + self.extra >= self.tidy_at or self.marks:
            return self.settle()
        return ()


_WINDOWS: dict[Kind, type[Window]] = {Kind.EVENT_COUNT: Events, Kind.VALUE_COUNT: Values}


def window(terms: Terms) -> Window:
    """A new window, with nothing in it."""
    return _WINDOWS.get(terms.rule.kind, Window)(terms)
