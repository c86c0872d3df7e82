"""The rule that looks at many signals of a group within a time."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import TypeAlias

from msgspec import Struct

from secure_signal.core.detection.matching.value import COMPARISONS
from secure_signal.core.detection.rules.rule import Rule

Measure: TypeAlias = int | float | Fraction | None
"""What a correlation measures over a window; None where it is undefined, which satisfies no condition."""


class Kind(StrEnum):
    """Sigma's correlation types (Sigma Correlation Rules Specification 2.1)."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"
    VALUE_SUM = "value_sum"
    VALUE_AVG = "value_avg"
    VALUE_PERCENTILE = "value_percentile"
    VALUE_MEDIAN = "value_median"


TEMPORAL = (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED)
"""The types that look at which rules matched, not at how often or with what."""


@dataclass(frozen=True)
class Slot:
    """One of the rules that a correlation lists.

    ``group_fields`` and ``value_fields`` are what the correlation's group-by and its condition's field are
    called in this rule's signals (aliases resolved). ``is_shared`` is True for a correlation whose groups
    users share, and which therefore finds something elsewhere than where its users' signals are judged.
    """

    rule_id: str
    rule_title: str
    group_fields: tuple[str, ...]
    value_fields: tuple[str, ...] = ()
    is_shared: bool = False


class Bound(Struct, frozen=True):
    """One comparison (a key of value.COMPARISONS) of the metric with a limit, kept as its ratio."""

    comparison: str
    numerator: int
    denominator: int = 1

    @property
    def limit(self) -> int | Fraction:
        """What the metric is compared with, exactly."""
        return self.numerator if self.denominator == 1 else Fraction(self.numerator, self.denominator)


class Alternative(Struct, frozen=True):
    """One way in which a boolean condition holds: some slots are filled (in rising order), others are not."""

    there: tuple[int, ...]
    absent: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Correlation(Rule):
    """A rule over the window [t - timespan, t] of each group, both ends included; timespan in microseconds.

    The condition holds when all ``bounds`` of the metric do; ``alternatives`` has the boolean condition of a
    temporal one. ``suppress`` is for how long, in event time, after an anomaly of a group there is no other.
    ``carried`` are fields, beside those of the group, that correlations which list it ask of what it finds.
    """

    kind: Kind
    slots: tuple[Slot, ...]
    group_by: tuple[str, ...]
    timespan: int
    bounds: tuple[Bound, ...]
    percentile: int = 50
    alternatives: tuple[Alternative, ...] = ()
    suppress: int = 0
    carried: tuple[str, ...] = ()

    def condition(self) -> Callable[[Measure], bool]:
        """The condition, ready to be asked whether it holds for a measure."""
        bounds = tuple((COMPARISONS[bound.comparison], bound.limit) for bound in self.bounds)
        if len(bounds) == 1:
            ((compare, limit),) = bounds
            return lambda measure: measure is not None and compare(measure, limit)
        return lambda measure: (
            measure is not None and all(compare(measure, limit) for compare, limit in bounds)
        )

    @property
    def is_local(self) -> bool:
        """Whether all signals of a group are one user's, and so in one partition of ``signal-events``."""
        if any(slot.is_shared for slot in self.slots):
            return False
        columns = zip(*(slot.group_fields for slot in self.slots), strict=True)
        return any(set(column) == {"user_id"} for column in columns)
