"""The metric of a temporal correlation with a boolean condition: which rules were met in the window."""

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

from secure_signal.core.detection.rules.correlation import Alternative, Correlation, Kind


class Presence:
    """How many of the rules are there; undefined while the condition does not hold.

    It is evaluated only at entries, as any metric: ``a and not c`` holds at an entry whose window, which
    ends with it, has an a and no c. A c that comes later takes nothing back, and one that leaves the window
    is noticed at the group's next entry.

    In ``temporal_ordered`` the rules that make an alternative true must also have been met in the order of
    ``rules``, at strictly rising times; ``not c`` asks for no c anywhere in the window.
    """

    __slots__ = ("alternatives", "is_ordered", "times")

    def __init__(self, rule: Correlation) -> None:
        self.alternatives = rule.alternatives
        self.is_ordered = rule.kind is Kind.TEMPORAL_ORDERED
        self.times = [array("q") for _ in rule.slots]

    def add(self, time: int, detail: Sequence[int], /) -> None:
        """An entry comes into the window."""
        for slot in detail:
            insort(self.times[slot], time)

    def remove(self, time: int, detail: Sequence[int], /) -> None:
        """An entry leaves it."""
        for slot in detail:
            times = self.times[slot]
            del times[bisect_left(times, time)]

    def measure(self) -> int | None:
        """The number of rules, if the condition holds."""
        return sum(map(bool, self.times)) if any(map(self._holds, self.alternatives)) else None

    def _holds(self, alternative: Alternative) -> bool:
        if any(self.times[slot] for slot in alternative.absent):
            return False
        if self.is_ordered:
            return self._in_order(alternative.there)
        return all(self.times[slot] for slot in alternative.there)

    def _in_order(self, slots: tuple[int, ...]) -> bool:
        last = None
        for slot in slots:
            times = self.times[slot]
            place = 0 if last is None else bisect_right(times, last)
            if place == len(times):
                return False
            last = times[place]
        return True
