"""A rule as a person wants to see it: what it asks, where it looks, what it costs."""

from collections.abc import Iterable, Iterator, Sequence

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

# Of very many parts, or of a very long text, a person reads the beginning.
_MAX_PARTS = 20
_MAX_TEXT = 200


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
    yield "narrowed by", "\n".join(_first([f"{each.title} ({each.origin})" for each in rule.narrowed_by]))
    yield "fields", ", ".join(_first(sorted(set(_fields(rule.condition))))) or "none by name"
    yield "condition", "\n".join(_tree(rule.condition))
    yield "looked up by", _either(cost_class.clues(rule)) or "its log source alone"
    yield "cost class", cost_class.of(rule)


def _of_filter(narrowing: Narrowing, ruleset: RuleSet) -> Iterator[Line]:
    yield "id", narrowing.id
    yield "file", narrowing.origin
    yield "log source", str(narrowing.logsource)
    yield "narrows", "\n".join(_first([f"{rule.title} ({rule.id})" for rule in ruleset.filters[narrowing]]))


def _of_correlation(rule: Correlation) -> Iterator[Line]:
    yield "counts", "\n".join(_first(_distinct(_slot(rule, slot) for slot in rule.slots)))
    yield "values of", ", ".join(_distinct(" and ".join(slot.value_fields) for slot in rule.slots))
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
    yield "cost class", cost_class.of(rule)


def _slot(rule: Correlation, slot: Slot) -> str:
    renamed = [
        f"{name} is {field}"
        for name, field in zip(rule.group_by, slot.group_fields, strict=True)
        if name != field
    ]
    return f"{slot.rule_title} ({slot.rule_id})" + (f", where {', '.join(renamed)}" if renamed else "")


def _condition(rule: Correlation) -> str:
    if rule.alternatives:
        return _either([_alternative(rule, each) for each in rule.alternatives])
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
    counted = f"counted by {', '.join(_first(by))}" if by else ""
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
            # Where not all are shown, values are what is left out: an exception among them matters more.
            shown = parts if len(parts) <= _MAX_PARTS else sorted(parts, key=_is_value)[:_MAX_PARTS]
            for part in shown:
                yield from (f"  {line}" for line in _tree(part))
            yield from (f"  {line}" for line in _rest(parts))
        case Not(part):
            first, *rest = _tree(part)
            yield f"not {first}"
            yield from rest
        case Field(name):
            yield _cut(f"{name} {wording.of(node)}")
        case SameAs(name):
            yield _cut(f"{name} {wording.of(node)}")
        case Keyword():
            yield _cut(f"any value in the payload {wording.of(node)}")


def _is_value(node: Node) -> bool:
    return isinstance(node, Field | SameAs | Keyword)


def _first(parts: Sequence[str]) -> list[str]:
    """The first ones, and how many more there are."""
    return [*map(_cut, parts[:_MAX_PARTS]), *_rest(parts)]


def _either(parts: Sequence[str]) -> str:
    return "\n".join(("\nor ".join(map(_cut, parts[:_MAX_PARTS])), *_rest(parts)))


def _rest(parts: Sequence[object]) -> Iterator[str]:
    if len(parts) > _MAX_PARTS:
        yield f"… and {len(parts) - _MAX_PARTS:,} more"


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…"


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(texts))
