"""What a correlation measures over a window, kept up to date as entries come and go at either end."""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol, TypeAlias

from secure_signal.core.detection.rules.correlation import Correlation, Kind, Measure
from secure_signal.core.detection.windowing.match import Match, Scalar
from secure_signal.core.detection.windowing.presence import Presence

Detail: TypeAlias = Sequence[Any]
"""What an entry adds beside its time: its slots, or its values."""


class Metric(Protocol):
    """A measure of the entries that were added and not removed; exact, so the order never shows."""

    def add(self, time: int, detail: Detail, /) -> None:
        """An entry comes into the window."""

    def remove(self, time: int, detail: Detail, /) -> None:
        """An entry leaves it."""

    def measure(self) -> Measure:
        """The metric; None where it is undefined, which satisfies no condition."""


def of(rule: Correlation) -> Metric:
    """A new metric of a rule, over nothing."""
    return Presence(rule) if rule.alternatives else _METRICS[rule.kind](rule)


def detail_of(match: Match, kind: Kind) -> Detail:
    """What of a match its entry keeps."""
    if kind is Kind.EVENT_COUNT:
        return ()
    return match.slots if kind in (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED) else match.values


class Count:
    """event_count: how many signals."""

    __slots__ = ("count",)

    def __init__(self, _rule: Correlation) -> None:
        self.count = 0

    def add(self, _time: int, _detail: Detail) -> None:
        """An entry comes into the window."""
        self.count += 1

    def remove(self, _time: int, _detail: Detail) -> None:
        """An entry leaves it."""
        self.count -= 1

    def measure(self) -> int:
        """The number of entries."""
        return self.count


class Distinct:
    """value_count: how many different values; temporal: how many of the rules."""

    __slots__ = ("counts",)

    def __init__(self, _rule: Correlation) -> None:
        self.counts: dict[Scalar, int] = {}

    def add(self, _time: int, detail: Detail) -> None:
        """An entry comes into the window."""
        for value in detail:
            self.counts[value] = self.counts.get(value, 0) + 1

    def remove(self, _time: int, detail: Detail) -> None:
        """An entry leaves it."""
        for value in detail:
            if self.counts[value] == 1:
                del self.counts[value]
            else:
                self.counts[value] -= 1

    def measure(self) -> int:
        """The number of different values, or slots."""
        return len(self.counts)


class _Chain:
    """temporal_ordered: how many of the rules can be seen in their order at strictly rising times."""

    __slots__ = ("times",)

    def __init__(self, rule: Correlation) -> None:
        self.times = [array("q") for _ in rule.slots]

    def add(self, time: int, detail: Detail) -> None:
        for slot in detail:
            insort(self.times[slot], time)

    def remove(self, time: int, detail: Detail) -> None:
        for slot in detail:
            times = self.times[slot]
            del times[bisect_left(times, time)]

    def measure(self) -> int:
        # ends[n] is the earliest time at which a chain of n + 1 rules can end.
        ends: list[int] = []
        for times in self.times:
            for length in range(len(ends), -1, -1):
                after = bisect_right(times, ends[length - 1]) if length else 0
                if after < len(times):
                    if length == len(ends):
                        ends.append(times[after])
                    else:
                        ends[length] = min(ends[length], times[after])
        return len(ends)


class _Sum:
    """value_sum; exact: integers as they are, anything else as a fraction."""

    __slots__ = ("count", "total")

    def __init__(self, _rule: Correlation) -> None:
        self.count = 0
        self.total: int | Fraction = 0

    def add(self, _time: int, detail: Detail) -> None:
        for value in detail:
            self.count += 1
            self.total += exact(value)

    def remove(self, _time: int, detail: Detail) -> None:
        for value in detail:
            self.count -= 1
            self.total -= exact(value)

    def measure(self) -> Measure:
        return self.total if self.count else None


class _Average(_Sum):
    """value_avg."""

    __slots__ = ()

    def measure(self) -> Measure:
        return Fraction(self.total) / self.count if self.count else None


class _Percentile:
    """value_percentile and value_median: linear interpolation at rank (n - 1) * P / 100."""

    __slots__ = ("percentile", "values")

    def __init__(self, rule: Correlation) -> None:
        self.percentile = rule.percentile
        self.values: list[int | float] = []

    def add(self, _time: int, detail: Detail) -> None:
        for value in detail:
            insort(self.values, value)

    def remove(self, _time: int, detail: Detail) -> None:
        for value in detail:
            del self.values[bisect_left(self.values, value)]

    def measure(self) -> Measure:
        if not self.values:
            return None
        rank, hundredths = divmod((len(self.values) - 1) * self.percentile, 100)
        low = self.values[rank]
        if not hundredths:
            return exact(low)
        step = exact(self.values[rank + 1]) - exact(low)
        return exact(low) + step * Fraction(hundredths, 100)


def exact(number: int | float) -> int | Fraction:
    """A finite number as it is written: 0.7 is seven tenths, and not the double next to it."""
    return number if isinstance(number, int) else Fraction(Decimal(repr(number)))


_METRICS: dict[Kind, Callable[[Correlation], Metric]] = {
    Kind.EVENT_COUNT: Count,
    Kind.VALUE_COUNT: Distinct,
    Kind.TEMPORAL: Distinct,
    Kind.TEMPORAL_ORDERED: _Chain,
    Kind.VALUE_SUM: _Sum,
    Kind.VALUE_AVG: _Average,
    Kind.VALUE_PERCENTILE: _Percentile,
    Kind.VALUE_MEDIAN: _Percentile,
}
