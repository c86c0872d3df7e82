"""A sighting: one signal as one detection rule sees it."""

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry.explanation import Explained, explain
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.logsource import LogSource
from secure_signal.core.detection.rules.rule import Detection, Rule
from secure_signal.core.detection.rules.ruleset import RuleSet


class Outcome(StrEnum):
    """What came of it."""

    MATCHED = "matched"
    CONDITION_FALSE = "condition false"
    GIVEN_UP = "given up"
    NOT_ROUTED = "not routed"
    NEVER_FIRES = "never fires"


class Sighting(Struct, frozen=True):
    """What a rule makes of a signal, why in words, and its condition's tree (None: it was not looked at)."""

    rule_id: str
    rule_title: str
    outcome: Outcome
    reason: str
    condition: Explained | None = None


def of(rule: Detection, event: Event, ruleset: RuleSet) -> Sighting:
    """One rule's sighting of one signal."""
    outcome, reason = _obstacle(rule, event, ruleset)
    if outcome is not None:
        return Sighting(rule.id, rule.title, outcome, reason)
    explained = explain(rule.condition, event)
    match explained.held:
        case True:
            outcome, reason = Outcome.MATCHED, "its condition is true"
        case False:
            outcome, reason = Outcome.CONDITION_FALSE, "its condition is false"
        case None:
            outcome, reason = Outcome.GIVEN_UP, "a regular expression took too long, or its text is too long"
    return Sighting(rule.id, rule.title, outcome, reason, explained)


def all_of(rule: Rule, event: Event, ruleset: RuleSet) -> list[Sighting]:
    """Those of the rule, or of each detection that a correlation counts, by correlations in between too."""
    return [of(each, event, ruleset) for each in parts(rule, ruleset) if isinstance(each, Detection)]


def parts(rule: Rule, ruleset: RuleSet) -> list[Detection | Correlation]:
    """The rule and all that it is made of, each once, in the order of the rule set."""
    by_id = {each.id: each for each in ruleset.rules}
    found: set[str] = set()
    pending = [rule.id]
    while pending:
        each = by_id[pending.pop()]
        if each.id not in found:
            found.add(each.id)
            pending += [slot.rule_id for slot in each.slots] if isinstance(each, Correlation) else []
    return [each for each in ruleset.rules if each.id in found]


def _obstacle(rule: Detection, event: Event, ruleset: RuleSet) -> tuple[Outcome | None, str]:
    """What keeps the rule from looking at the signal at all."""
    source = ruleset.logsources.of(event.type)
    if source is None:
        return Outcome.NOT_ROUTED, f"no log source is mapped to the type {event.type}"
    if not rule.logsource.covers(source):
        return (
            Outcome.NOT_ROUTED,
            f"the log source of {event.type} is {_spelt(source)}, the rule's {_spelt(rule.logsource)}",
        )
    if not rule.fires:
        return Outcome.NEVER_FIRES, "; ".join(rule.notices)
    return None, ""


def _spelt(source: LogSource) -> str:
    return ", ".join(_keys(source)) or "empty"


def _keys(source: LogSource) -> Iterator[str]:
    named = (("product", source.product), ("category", source.category), ("service", source.service))
    return (f"{key} {value}" for key, value in named if value)
