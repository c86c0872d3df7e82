"""Why a rule found less than was hoped for: which events it does not match, and what is in the way."""

from collections.abc import Iterable, Iterator, Sequence

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry import sighting, verdict
from secure_signal.core.detection.inquiry.explanation import Explained
from secure_signal.core.detection.inquiry.sighting import Outcome, Sighting
from secure_signal.core.detection.inquiry.verdict import Reason
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.rules.ruleset import RuleSet

_MAX_SHOWN = 3
_MAX_VALUE = 80


def reasons(ruleset: RuleSet, rule: Detection | Correlation, events: Sequence[Event]) -> Iterator[str]:
    """Lines for a person: how each detection in the rule sees the events, and how near the windows came.

    ``events`` are in event-time order.
    """
    for part in sighting.parts(rule, ruleset):
        if isinstance(part, Detection):
            yield from _sightings(ruleset, part, events)
    if isinstance(rule, Correlation):
        yield from _last_verdicts(ruleset, rule, events)


def _sightings(ruleset: RuleSet, rule: Detection, events: Sequence[Event]) -> Iterator[str]:
    """How many events a detection matches; of those that it does not, the first of each obstacle."""
    unmatched = [
        (event, _obstacle(seen))
        for event in events
        if (seen := sighting.of(rule, event, ruleset)).outcome is not Outcome.MATCHED
    ]
    yield f"{rule.title}: {len(events) - len(unmatched)} of {len(events)} signals match"
    first = {why: event for event, why in reversed(unmatched)}
    for why in list(dict.fromkeys(why for _, why in unmatched))[:_MAX_SHOWN]:
        yield f"  {first[why].id} ({first[why].type}) does not: {why}"


def _last_verdicts(ruleset: RuleSet, rule: Correlation, events: Sequence[Event]) -> Iterator[str]:
    """What is said of the last event that enters a window, and of one after it that cannot be grouped."""

    def past(since: int, before: int, user_id: str | None) -> Iterable[Event]:
        return (e for e in events if since <= e.timestamp < before and user_id in (None, e.user_id))

    told = set()
    for event in reversed(events):
        for each in verdict.of(ruleset, rule, event, past, event.timestamp):
            if each.reason not in told and each.reason is not Reason.NOT_MATCHED:
                told.add(each.reason)
                yield f"at {event.id}: {each.text}"
        if told - {Reason.NO_GROUP}:
            return


def _obstacle(seen: Sighting) -> str:
    if seen.outcome is Outcome.CONDITION_FALSE and seen.condition is not None:
        return _blame(seen.condition)
    return seen.reason


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
    if part.kind == "keyword":
        return f"{what} is false"
    return f"{what} is false: it is {'missing' if part.actual is None else _quoted(part.actual)}"


def _quoted(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _MAX_VALUE else f"{text[: _MAX_VALUE - 1]}…"
