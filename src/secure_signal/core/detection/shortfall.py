"""Why a rule found less than was hoped for: which events it does not match, and what is in the way."""

from collections.abc import Iterator, Sequence

from secure_signal.core.detection.correlation import Correlation, Slot
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.explanation import Explained, explain
from secure_signal.core.detection.logsource import LogSource
from secure_signal.core.detection.rule import Detection, Rule
from secure_signal.core.detection.ruleset import RuleSet

_MAX_SHOWN = 3


def reasons(ruleset: RuleSet, rule: Rule, events: Sequence[Event]) -> Iterator[str]:
    """Lines for a person; for a correlation those of each detection rule that it counts."""
    if not rule.speaks:
        yield "this rule is silent: a correlation counts its matches; move the tests to that correlation"
    if isinstance(rule, Detection):
        yield from _of_detection(ruleset, rule, events)
    elif isinstance(rule, Correlation):
        by_id = {each.id: each for each in ruleset.detections}
        for slot in rule.slots:
            if slot.rule_id in by_id:
                yield from _of_detection(ruleset, by_id[slot.rule_id], events, slot)


def _of_detection(
    ruleset: RuleSet, rule: Detection, events: Sequence[Event], slot: Slot | None = None
) -> Iterator[str]:
    obstacles = [_obstacle(ruleset, rule, event, slot) for event in events]
    first = {why: event for event, why in reversed([*zip(events, obstacles, strict=True)]) if why}
    yield f"{rule.title}: {obstacles.count('')} of {len(events)} signals match"
    for why in [why for why in dict.fromkeys(obstacles) if why][:_MAX_SHOWN]:
        yield f"  {first[why].id} ({first[why].type}) does not: {why}"


def _obstacle(ruleset: RuleSet, rule: Detection, event: Event, slot: Slot | None) -> str:
    """What keeps an event from the rule, or from a group of the correlation; empty when nothing does."""
    source = ruleset.logsources.of(event.type)
    if source is None:
        return "its type has no log source; name it in the log sources file"
    if not rule.logsource.covers(source):
        return f"its log source is {_spelt(source)}, the rule's {_spelt(rule.logsource)}"
    if not rule.fires:
        return "; ".join(rule.notices)
    explained = explain(rule.condition, event)
    if not explained.held:
        return _blame(explained)
    missing = [field for field in slot.group_fields if event.value(field) is None] if slot else []
    return f"it has no {' and no '.join(missing)} to be grouped by" if missing else ""


def _blame(part: Explained) -> str:
    """The parts that are the reason why a condition is false, or true where it should not be."""
    if part.kind in ("all of", "any of"):
        guilty = [_blame(each) for each in part.parts if each.held == part.held]
        more = f", and {len(guilty) - _MAX_SHOWN} more" if len(guilty) > _MAX_SHOWN else ""
        return ("; ".join(guilty[:_MAX_SHOWN]) or "nothing is asked") + more
    if part.kind == "not":
        return _blame(part.parts[0])
    what = f"{part.field or 'the payload'} {part.wanted}"
    if part.held:
        return f"{what}, which the rule excludes"
    return f"{what} is false: it is {'missing' if part.actual is None else _quoted(part.actual)}"


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def _spelt(source: LogSource) -> str:
    named = (("product", source.product), ("category", source.category), ("service", source.service))
    return ", ".join(f"{key} {value}" for key, value in named if value) or "any"
