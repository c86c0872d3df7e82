"""What a Sigma correlation document measures, over what time, and what it compares that with."""

from fractions import Fraction
from typing import Any

from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule
from sigma.exceptions import SigmaTimespanError

from secure_signal.core.detection.correlation import TEMPORAL, Bound, Kind
from secure_signal.core.detection.value import COMPARISONS
from secure_signal.core.detection.window import CAPACITY
from secure_signal.core.instant import SECOND

_LONGEST = 3_650 * 86_400


def bounds(kind: Kind, content: dict[str, Any], slots: int) -> tuple[Bound, ...]:
    """All that the metric is compared with; a range has two (Sigma Correlation Rules Specification 2.1).

    A temporal rule without condition asks for all of its rules.
    """
    written = content["correlation"].get("condition")
    if written is None and kind in TEMPORAL:
        return (Bound("gte", slots),)
    each = [SigmaCorrelationCondition.from_dict({key: written[key]}) for key in written if key in COMPARISONS]
    return tuple(Bound(one.op.name.lower(), *_exact(one.count).as_integer_ratio()) for one in each)


def _exact(number: int | float) -> int | Fraction:
    return number if isinstance(number, int) else Fraction(str(number))


def timespan(parsed: SigmaCorrelationRule) -> int:
    """In microseconds; SigmaTimespanError where it is too long."""
    if parsed.timespan.seconds > _LONGEST:
        raise SigmaTimespanError(f"Timespan '{parsed.timespan.spec}' is longer than ten years")
    return parsed.timespan.seconds * SECOND


def notices(kind: Kind, bounds: tuple[Bound, ...]) -> tuple[str, ...]:
    """What a person should know of the bounds."""
    is_count = kind in (Kind.EVENT_COUNT, Kind.VALUE_COUNT)
    if is_count and any(b.comparison in ("gt", "gte", "eq") and b.limit > CAPACITY for b in bounds):
        return (f"never fires: a window holds at most {CAPACITY} signals or values",)
    return ()


def value_fields(kind: Kind, wanted: SigmaCorrelationCondition) -> tuple[str, ...]:
    """The fields that are measured, by what the condition calls them; ValueError where there are too many."""
    fields = wanted.fieldref or []
    names = (fields,) if isinstance(fields, str) else tuple(fields)
    if len(names) > 1 and kind is not Kind.VALUE_COUNT:
        raise ValueError(f"{kind} takes one field, not {len(names)}")
    return names if kind.value.startswith("value_") else ()


def percentile(kind: Kind, wanted: SigmaCorrelationCondition) -> int:
    """That of value_percentile; ValueError where the condition has none."""
    if kind is not Kind.VALUE_PERCENTILE:
        return 50
    if wanted.percentile is None or not 0 <= wanted.percentile <= 100:
        raise ValueError("value_percentile needs a condition with percentile, a number from 0 to 100")
    return wanted.percentile
