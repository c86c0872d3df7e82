"""What the windows of one correlation have in common: its times, its condition, and what they take."""

from math import inf

from secure_signal.core.detection.rules.correlation import Correlation, Kind
from secure_signal.core.detection.windowing.census import Census

_FROM = {"gt", "gte", "eq"}
# Their metric is at most the number of places.
_COUNTS = {Kind.EVENT_COUNT, Kind.VALUE_COUNT, Kind.TEMPORAL, Kind.TEMPORAL_ORDERED}


class Terms:
    """Of one correlation; times in microseconds.

    ``reach`` is how far back from a group's newest entry its window has to hold entries, for one that is
    late by up to ``lateness`` has a window of its own. Below ``least`` the condition does not hold, nor does
    it while a group has fewer than ``calm`` places. ``memory`` is about how many bytes its groups take.
    """

    __slots__ = ("calm", "census", "holds", "lateness", "least", "memory", "reach", "rule", "timespan")

    def __init__(self, rule: Correlation, lateness: int, census: Census) -> None:
        self.rule = rule
        self.lateness = lateness
        self.timespan = rule.timespan
        self.reach = rule.timespan + lateness
        self.holds = rule.condition()
        self.least = max((b.limit for b in rule.bounds if b.comparison in _FROM), default=-inf)
        self.calm = self.least if rule.kind in _COUNTS else -inf
        self.census = census
        self.memory = 0

    def take(self, count: int) -> None:
        """Count bytes that are taken, or given back; some groups may be dropped for them."""
        self.memory += count
        self.census.take(count)
