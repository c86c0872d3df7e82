"""Sigma's correlation documents to our rules."""

import difflib
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule

from secure_signal.core.detection.correlation import Bound, Correlation, Kind, Slot
from secure_signal.core.detection.document import Document
from secure_signal.core.detection.rule import Detection
from secure_signal.core.detection.sigma import digest, head
from secure_signal.core.detection.sigma_value import POLICY
from secure_signal.core.detection.value import COMPARISONS
from secure_signal.core.detection.window import CAPACITY
from secure_signal.core.instant import SECOND


def parse(content: dict[str, Any]) -> SigmaCorrelationRule:
    """pySigma's view of a document. It takes one comparison; the specification lets several make a range."""
    return SigmaCorrelationRule.from_dict(_with_one_bound(content), collect_errors=True, policy=POLICY)


def correlation(
    document: Document, parsed: SigmaCorrelationRule, detections: Mapping[str, Detection]
) -> Correlation:
    """A correlation over detections, found by id or name; ValueError says what cannot be run and why."""
    wanted = parsed.condition
    if not isinstance(wanted, SigmaCorrelationCondition):
        raise ValueError("a condition of and, or and not between rules is not supported; give a number")
    kind = Kind(parsed.type.name.lower())
    fields = _value_fields(kind, wanted)
    group_by = tuple(parsed.group_by or ())
    referred = [(ref.reference, _find(ref.reference, detections)) for ref in parsed.rules or []]
    slots = tuple(
        Slot(
            rule_id=rule.id,
            rule_title=rule.title,
            group_fields=tuple(_real_field(parsed, name, reference, rule) for name in group_by),
            value_fields=tuple(_real_field(parsed, name, reference, rule) for name in fields),
        )
        for reference, rule in referred
    )
    bounds = _bounds(document.content, wanted)
    timespan = parsed.timespan.seconds * SECOND
    percentile = _percentile(kind, wanted)
    meaning = [(slot.group_fields, slot.value_fields) for slot in slots]
    return Correlation(
        **head(document, parsed),
        digest=digest(kind, group_by, timespan, bounds, percentile, meaning, [r.digest for _, r in referred]),
        kind=kind,
        slots=slots,
        group_by=group_by,
        timespan=timespan,
        bounds=bounds,
        percentile=percentile,
        notices=_notices(kind, bounds),
    )


def _with_one_bound(content: dict[str, Any]) -> dict[str, Any]:
    section = content["correlation"]
    wanted = section.get("condition") if isinstance(section, dict) else None
    if not isinstance(wanted, dict):
        return content
    more = [key for key in wanted if key in COMPARISONS][1:]
    one = {key: value for key, value in wanted.items() if key not in more}
    return {**content, "correlation": {**section, "condition": one}}


def _bounds(content: dict[str, Any], wanted: SigmaCorrelationCondition) -> tuple[Bound, ...]:
    """All that the metric is compared with; a range has two (Sigma Correlation Rules Specification 2.1).

    A temporal rule without condition has the one that pySigma gives it.
    """
    written = content["correlation"].get("condition") or {}
    each = [SigmaCorrelationCondition.from_dict({key: written[key]}) for key in written if key in COMPARISONS]
    return tuple(Bound(one.op.name.lower(), _exact(one.count)) for one in each or [wanted])


def _exact(number: int | float) -> int | Fraction:
    return number if isinstance(number, int) else Fraction(str(number))


def _notices(kind: Kind, bounds: tuple[Bound, ...]) -> tuple[str, ...]:
    is_count = kind in (Kind.EVENT_COUNT, Kind.VALUE_COUNT)
    if is_count and any(b.comparison in ("gt", "gte", "eq") and b.limit > CAPACITY for b in bounds):
        return (f"never fires: a window holds at most {CAPACITY} signals or values",)
    return ()


def _find(reference: str, detections: Mapping[str, Detection]) -> Detection:
    rule = detections.get(str(reference))
    if rule is None:
        close = difflib.get_close_matches(str(reference), detections, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else "; load its file too, or mend the name or id"
        raise ValueError(f"the rule '{reference}' that it correlates is not there{hint}")
    return rule


def _real_field(parsed: SigmaCorrelationRule, name: str, reference: str, rule: Detection) -> str:
    """What a field is called in a rule's signals: an alias may name the rule as listed, by name or by id."""
    alias = parsed.aliases.aliases.get(name)
    if alias is not None:
        for ref, field in alias.mapping.items():
            if ref.reference in (reference, rule.name, rule.id):
                return field
    return name


def _value_fields(kind: Kind, wanted: SigmaCorrelationCondition) -> tuple[str, ...]:
    fields = wanted.fieldref or []
    names = (fields,) if isinstance(fields, str) else tuple(fields)
    if len(names) > 1 and kind is not Kind.VALUE_COUNT:
        raise ValueError(f"{kind} takes one field, not {len(names)}")
    return names if kind.value.startswith("value_") else ()


def _percentile(kind: Kind, wanted: SigmaCorrelationCondition) -> int:
    if kind is not Kind.VALUE_PERCENTILE:
        return 50
    if wanted.percentile is None or not 0 <= wanted.percentile <= 100:
        raise ValueError("value_percentile needs a condition with percentile, a number from 0 to 100")
    return wanted.percentile
