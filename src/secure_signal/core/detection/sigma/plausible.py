"""Conditions of correlations that can be written, but are never or always true."""

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import pairwise

from secure_signal.core.detection.matching.value import COMPARISONS
from secure_signal.core.detection.rules import wording
from secure_signal.core.detection.rules.correlation import TEMPORAL, Bound, Kind
from secure_signal.core.detection.windowing.window import CAPACITY

_FULL = f"a window holds at most {CAPACITY} signals or values"


def notices(kind: Kind, bounds: tuple[Bound, ...], slots: int) -> Iterator[str]:
    """What a person should know of the bounds of a correlation of so many rules."""
    spelt = wording.of_bounds(bounds)
    if kind not in (Kind.EVENT_COUNT, Kind.VALUE_COUNT, *TEMPORAL):
        if not _holds(bounds, _numbers(bounds)):
            yield f"never fires: no number is {spelt}"
        return
    if any(bound.denominator != 1 for bound in bounds):
        yield f"what it counts is a whole number, and is compared with one that is none: {spelt}"
    # It is looked at when a signal enters; that may lack the value that is counted.
    least = 0 if kind is Kind.VALUE_COUNT else 1
    most = slots if kind in TEMPORAL else CAPACITY
    counts = [count for count in sorted({0, 1, most, *_counts(bounds)}) if count >= 0]
    if not _holds(bounds, counts):
        yield f"never fires: no count is {spelt}"
    elif not _holds(bounds, (count for count in counts if count >= least)):
        yield "never fires: it is looked at when a signal enters, and that one counts"
    elif not _holds(bounds, (count for count in counts if count <= most)):
        yield f"never fires: {f'it lists {slots} rules' if kind in TEMPORAL else _FULL}"
    elif all(_holds(bounds, [count]) for count in counts):
        yield f"is true at every signal: any count is {spelt}"


def _holds(bounds: Iterable[Bound], measures: Iterable[int | Fraction]) -> bool:
    """Whether all bounds are true of any of these."""
    return any(all(COMPARISONS[b.comparison](measure, b.limit) for b in bounds) for measure in measures)


def _counts(bounds: Iterable[Bound]) -> Iterator[int]:
    """The whole numbers at which a comparison can turn, on both sides of each limit."""
    for bound in bounds:
        yield from range(math.floor(bound.limit) - 1, math.ceil(bound.limit) + 2)


def _numbers(bounds: Iterable[Bound]) -> Iterator[Fraction]:
    """The limits, a number between each two, and one below and above all."""
    limits = sorted({Fraction(bound.limit) for bound in bounds})
    yield from (limits[0] - 1, limits[-1] + 1, *limits)
    yield from ((low + high) / 2 for low, high in pairwise(limits))
