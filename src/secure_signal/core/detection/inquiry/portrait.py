"""A rule as a person wants to see it: what it asks, where it looks, what it costs."""

from collections.abc import Iterator

from secure_signal.core.detection import summary
from secure_signal.core.detection.inquiry import cost_class, reach
from secure_signal.core.detection.matching.condition import (
    AllOf,
    AnyOf,
    Field,
    Keyword,
    Node,
    Not,
    SameAs,
    leaves,
)
from secure_signal.core.detection.rules import wording
from secure_signal.core.detection.rules.correlation import Alternative, Correlation, Kind, Slot
from secure_signal.core.detection.rules.rule import Detection, Narrowing, Rule
from secure_signal.core.detection.rules.ruleset import RuleSet

Line = tuple[str, str]


def lines(rule: Rule | Narrowing, ruleset: RuleSet) -> Iterator[Line]:
    """Pairs of what is told of a rule or filter and what there is to tell; a value may have several lines."""
    if isinstance(rule, Narrowing):
        yield from _of_filter(rule, ruleset)
        return
    yield "id", rule.id
    yield "name", rule.anomaly_type
    yield "file", rule.origin
    yield "level", rule.level + (f", status {rule.status}" if rule.status else "")
    if isinstance(rule, Detection):
        yield from _of_detection(rule, ruleset)
    elif isinstance(rule, Correlation):
        yield from _of_correlation(rule)
    yield "anomalies", _anomalies(rule, ruleset)
    yield "tags", ", ".join(rule.tags)
    yield "notes", "\n".join(rule.notices)


def _of_detection(rule: Detection, ruleset: RuleSet) -> Iterator[Line]:
    yield "log source", str(rule.logsource)
    yield (
        "signal types",
        ", ".join(reach.types(rule.logsource, ruleset.logsources)) or "none: no type is mapped to it",
    )
    if not rule.fires:  # It has no condition to be told of.
        return
    yield "narrowed by", "\n".join(f"{each.title} ({each.origin})" for each in rule.narrowed_by)
    yield "fields", ", ".join(sorted(set(_fields(rule.condition)))) or "none by name"
    yield "condition", "\n".join(_tree(rule.condition))
    yield "looked up by", "\nor ".join(cost_class.clues(rule)) or "its log source alone"
    yield "cost class", cost_class.of(rule)


def _of_filter(narrowing: Narrowing, ruleset: RuleSet) -> Iterator[Line]:
    yield "id", narrowing.id
    yield "file", narrowing.origin
    yield "log source", str(narrowing.logsource)
    yield "narrows", "\n".join(f"{rule.title} ({rule.id})" for rule in ruleset.filters[narrowing])


def _of_correlation(rule: Correlation) -> Iterator[Line]:
    yield "counts", "\n".join(dict.fromkeys(_slot(rule, slot) for slot in rule.slots))
    yield "group-by", ", ".join(rule.group_by) or "nothing: all signals are one group"
    yield "window", f"{summary.duration(rule.timespan)} of event time, both ends included"
    yield "condition", _condition(rule)
    if rule.suppress:
        yield "suppress", f"{summary.duration(rule.suppress)} after an anomaly of a group there is no other"
    yield (
        "state",
        "local: each group is one user's, and stays in that user's partition"
        if rule.is_local
        else "re-keyed: users share groups, so matches go through signal-matches, keyed by group",
    )


def _slot(rule: Correlation, slot: Slot) -> str:
    renamed = [
        f"{name} is {field}"
        for name, field in zip(rule.group_by, slot.group_fields, strict=True)
        if name != field
    ]
    return f"{slot.rule_title} ({slot.rule_id})" + (f", where {', '.join(renamed)}" if renamed else "")


def _condition(rule: Correlation) -> str:
    if rule.alternatives:
        return "\nor ".join(_alternative(rule, each) for each in rule.alternatives)
    return f"{_metric(rule)} {wording.of_bounds(rule.bounds)}"


def _alternative(rule: Correlation, alternative: Alternative) -> str:
    there = [rule.slots[slot].rule_title for slot in alternative.there]
    absent = [f"no {rule.slots[slot].rule_title}" for slot in alternative.absent]
    return " and ".join(there + absent)


def _metric(rule: Correlation) -> str:
    field = " and ".join(rule.slots[0].value_fields)
    match rule.kind:
        case Kind.EVENT_COUNT:
            return "number of signals"
        case Kind.VALUE_COUNT:
            return f"number of different values of {field}"
        case Kind.TEMPORAL:
            return f"number of the {len(rule.slots)} rules that matched"
        case Kind.TEMPORAL_ORDERED:
            return f"number of the {len(rule.slots)} rules that matched in their order, at rising times"
        case Kind.VALUE_PERCENTILE:
            return f"percentile {rule.percentile} of {field}"
        case _:
            name = {Kind.VALUE_SUM: "sum", Kind.VALUE_AVG: "average", Kind.VALUE_MEDIAN: "median"}
            return f"{name[rule.kind]} of {field}"


def _anomalies(rule: Rule, ruleset: RuleSet) -> str:
    by = [c.title for c in ruleset.correlations if any(slot.rule_id == rule.id for slot in c.slots)]
    counted = f"counted by {', '.join(by)}" if by else ""
    if not rule.speaks:
        return f"none by itself: {counted}"
    if not reach.reaches(rule, ruleset):
        return "none: no signal reaches it"
    each = "one for each signal" if isinstance(rule, Detection) else "one for each episode of a group"
    return f"{each}; {counted}" if counted else each


def _fields(node: Node) -> Iterator[str]:
    for leaf in leaves(node):
        match leaf:
            case SameAs(name, other):
                yield from (name, other)
            case Field(name):
                yield name


def _tree(node: Node) -> Iterator[str]:
    """The condition, a part on each line, those within another indented."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            yield "all of" if isinstance(node, AllOf) else "any of"
            for part in parts:
                yield from (f"  {line}" for line in _tree(part))
        case Not(part):
            first, *rest = _tree(part)
            yield f"not {first}"
            yield from rest
        case Field(name):
            yield f"{name} {wording.of(node)}"
        case SameAs(name):
            yield f"{name} {wording.of(node)}"
        case Keyword():
            yield f"any value in the payload {wording.of(node)}"
