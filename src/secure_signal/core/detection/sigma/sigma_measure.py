"""What a Sigma correlation document measures, over what time, and what it compares that with."""

from collections.abc import Iterator
from typing import Any, cast

from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule
from sigma.exceptions import SigmaCorrelationRuleError, SigmaTimespanError

from secure_signal.core.detection.matching.value import COMPARISONS
from secure_signal.core.detection.rules.correlation import TEMPORAL, Bound, Kind
from secure_signal.core.detection.sigma import plausible
from secure_signal.core.detection.sigma.timespan import LONGEST
from secure_signal.core.detection.windowing.metric import exact
from secure_signal.core.instant import SECOND


def bounds(kind: Kind, content: dict[str, Any], slots: int) -> tuple[Bound, ...]:
    """All that the metric is compared with; a range has two (Sigma Correlation Rules Specification 2.1).

    A temporal rule without condition asks for all of its rules.
    """
    written = content["correlation"].get("condition")
    if written is None and kind in TEMPORAL:
        return (Bound("gte", slots),)
    compared = {key: value for key, value in written.items() if key in COMPARISONS}
    for key, value in compared.items():
        if isinstance(value, bool):
            raise SigmaCorrelationRuleError(
                f"'{key}' compares with a number, not with true or false; write one"
            )
    each = [SigmaCorrelationCondition.from_dict({key: value}) for key, value in compared.items()]
    return tuple(Bound(one.op.name.lower(), *exact(one.count).as_integer_ratio()) for one in each)


def timespan(parsed: SigmaCorrelationRule) -> int:
    """In microseconds; SigmaTimespanError where it is too long."""
    span = parsed.timespan.seconds * SECOND
    if span > LONGEST:
        raise SigmaTimespanError(f"Timespan '{parsed.timespan.spec}' is longer than ten years")
    return span


def notices(parsed: SigmaCorrelationRule, kind: Kind, bounds: tuple[Bound, ...], slots: int) -> Iterator[str]:
    """What a person should know of what is measured."""
    yield from plausible.notices(kind, bounds, slots)
    wanted = cast(SigmaCorrelationCondition | None, parsed.condition)
    if wanted is not None and wanted.fieldref and not kind.value.startswith("value_"):
        yield f"passes over the field of its condition: {kind} looks at no values, value_count does"
    if parsed.timespan.unit == "M":
        number = parsed.timespan.count
        yield f"the timespan {number}M is in months; so many minutes are {number}m"


def value_fields(kind: Kind, wanted: SigmaCorrelationCondition) -> tuple[str, ...]:
    """The fields that are measured, by what the condition calls them; ValueError where there are too many."""
    fields = wanted.fieldref or []
    names = (fields,) if isinstance(fields, str) else tuple(fields)
    if len(names) > 1 and kind is not Kind.VALUE_COUNT:
        raise ValueError(f"{kind} takes one field, not {len(names)}")
    return names if kind.value.startswith("value_") else ()


def percentile(kind: Kind, content: dict[str, Any]) -> int:
    """That of value_percentile; SigmaCorrelationRuleError where the condition has none."""
    if kind is not Kind.VALUE_PERCENTILE:
        return 50
    written = content["correlation"]["condition"].get("percentile")
    if type(written) is not int or not 0 <= written <= 100:  # pySigma takes texts, and cuts fractions off.
        raise SigmaCorrelationRuleError(
            "value_percentile needs a 'percentile' in its condition, a whole number from 0 to 100"
        )
    return written
