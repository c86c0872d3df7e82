"""Why a rule told nothing of a signal, or that it did."""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import TypeAlias

from msgspec import Struct, structs

from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import summary
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry import account, replay, sighting
from secure_signal.core.detection.inquiry.account import Account
from secure_signal.core.detection.inquiry.backtest import warm_up
from secure_signal.core.detection.inquiry.replay import Replay
from secure_signal.core.detection.inquiry.sighting import Outcome, Sighting
from secure_signal.core.detection.rules.correlation import Correlation, Kind
from secure_signal.core.detection.rules.rule import Detection, Rule
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing.match import Match

Past: TypeAlias = Callable[[int, int, str | None], Iterable[Event]]
"""The signals from one instant to before another in event-time order, of one user or of all (None).

They are asked for again only when nobody holds those of the call before: one connection reads them.
"""

_LONGEST = 16
# The engine goes through a condition in an order of its own, and stops where a search is given up.
_FAILED = "The rule failed at the signal: a regular expression took too long, or its text is too long."


class Reason(StrEnum):
    """Where a signal's way through a rule ended."""

    NOT_MATCHED = "not matched"
    SILENT = "silent"
    NO_GROUP = "no group"
    NOT_CROSSED = "not crossed"
    EPISODE_OPEN = "episode open"
    SUPPRESSED = "suppressed"
    FOUND = "found"


class Verdict(Struct, frozen=True):
    """A rule's verdict on a signal: the reason, a sentence that says it, and what it was read off.

    ``sightings`` are those of the rule or of each that a correlation counts; ``window`` is the correlation's
    at this signal; ``anomaly`` the one that speaks of it: it opened with this signal, or is open still.
    """

    reason: Reason
    text: str
    sightings: list[Sighting]
    window: Account | None = None
    anomaly: Anomaly | None = None


def of(ruleset: RuleSet, rule: Detection | Correlation, event: Event, past: Past, now: int) -> list[Verdict]:
    """The verdict on a signal; several where it enters several groups of a correlation."""
    sightings = sighting.all_of(rule, event, ruleset)
    if all(each.outcome is not Outcome.MATCHED for each in sightings):
        return [Verdict(Reason.NOT_MATCHED, _why_unmatched(rule, sightings), sightings)]
    if isinstance(rule, Detection):
        return [_of_detection(ruleset, rule, event, sightings, now)]
    inner = [c for c in ruleset.correlations if any(slot.rule_id == c.id for slot in rule.slots)]
    entries = _entries(ruleset, rule, event, past if inner else lambda *_: [event], now)
    if not entries and inner:
        return [_from_within(each, one) for each in inner for one in of(ruleset, each, event, past, now)]
    if not entries:
        return [Verdict(Reason.NO_GROUP, _without_group(rule, event), sightings)]
    replays = (_replayed(ruleset, rule, match, event, past, now) for match in entries)
    return [_of_replay(ruleset, rule, each, sightings) for each in replays if each is not None]


def _from_within(rule: Correlation, verdict: Verdict) -> Verdict:
    """The verdict of a correlation that another lists, told of that other."""
    text = f"It counts what {rule.title} finds. Of that: {verdict.text}"
    return Verdict(verdict.reason, text, verdict.sightings, verdict.window, None)


def _entries(ruleset: RuleSet, rule: Correlation, event: Event, past: Past, now: int) -> list[Match]:
    """What the signal puts into windows of the rule."""
    return replay.entries_of(ruleset, rule, _past(ruleset, rule, event, past, 1), event, now)


def _replayed(
    ruleset: RuleSet, rule: Correlation, match: Match, event: Event, past: Past, now: int
) -> Replay | None:
    """The group of a match up to the signal, from before the episode that is open there.

    What opens within the warm-up may have been open before, so that it is looked for further back, as far
    as _LONGEST times.
    """
    warm = _warm_up(ruleset, rule)
    reach = 1
    while True:
        events = _past(ruleset, rule, event, past, reach)
        sure = event.timestamp - (reach - 1) * warm
        found = replay.run(ruleset, rule, match.key, events, event, now, sure)
        if found is None or found.anomalies or not found.holds or reach == _LONGEST:
            return found
        reach *= 2


def _past(ruleset: RuleSet, rule: Correlation, event: Event, past: Past, reach: int) -> Iterable[Event]:
    """The signals that can matter to a signal's groups, from some warm-ups before it up to it."""
    since = max(0, event.timestamp - reach * _warm_up(ruleset, rule))
    return past(since, event.timestamp + 1, event.user_id if rule.is_local else None)


def _warm_up(ruleset: RuleSet, rule: Correlation) -> int:
    return warm_up([RuleSet(sighting.parts(rule, ruleset), ruleset.logsources)])


def _why_unmatched(rule: Rule, sightings: list[Sighting]) -> str:
    if isinstance(rule, Detection):
        return f"The rule does not match the signal: {sightings[0].reason}."
    return "The signal matches none of the rules that this one counts."


def _of_detection(
    ruleset: RuleSet, rule: Detection, event: Event, sightings: list[Sighting], now: int
) -> Verdict:
    if not rule.speaks:
        return Verdict(Reason.SILENT, f"The rule matches the signal{_silent(ruleset, rule)}", sightings)
    anomalies, _ = Engine(RuleSet([rule], ruleset.logsources)).judge(event, now)
    if not anomalies:
        return Verdict(Reason.NOT_MATCHED, _FAILED, sightings)
    found = structs.replace(anomalies[0], ruleset=ruleset.hash)
    return Verdict(Reason.FOUND, "The rule matches the signal.", sightings, anomaly=found)


def _silent(ruleset: RuleSet, rule: Rule) -> str:
    by = ", ".join(c.title for c in ruleset.correlations if any(s.rule_id == rule.id for s in c.slots))
    return f", and is silent by itself: what it finds is counted by {by}."


def _without_group(rule: Correlation, event: Event) -> str:
    fields = {field for slot in rule.slots for field in slot.group_fields}
    lacking = sorted(field for field in fields if not _is_scalar(event.value(field)))
    if not lacking:
        return _FAILED
    return f"The signal cannot be grouped: it has no {' and no '.join(lacking)} of a single value."


def _is_scalar(value: object) -> bool:
    return value is not None and not isinstance(value, dict | list)


def _of_replay(ruleset: RuleSet, rule: Correlation, replay: Replay, sightings: list[Sighting]) -> Verdict:
    window = account.of(ruleset, rule, replay)
    since = f"since {window.anomaly.event_time}" if window.anomaly else "for long"
    if replay.opened and not rule.speaks:
        reason, text = Reason.SILENT, f"The signal completes the rule{_silent(ruleset, rule)}"
    elif replay.opened:
        reason, text = Reason.FOUND, "This signal completes it."
    elif not replay.holds:
        reason, text = Reason.NOT_CROSSED, _short_of(rule, window)
    elif replay.held and window.anomaly and replay.began != instant.parse(window.anomaly.event_time):
        reason, text = Reason.SUPPRESSED, _opened_unheard(rule, replay, window)
    elif replay.held:
        reason = Reason.EPISODE_OPEN
        text = f"The condition was true already, {since}: an episode is told once, when it opens."
    else:
        reason = Reason.SUPPRESSED
        text = (
            f"The condition became true, while the rule is silent for {_suppressed(rule, window)}: "
            "an episode that opens so is not told."
        )
    told = window.anomaly if rule.speaks and reason is not Reason.NOT_CROSSED else None
    return Verdict(reason, text, sightings, window, told)


def _opened_unheard(rule: Correlation, replay: Replay, window: Account) -> str:
    began = "" if replay.began is None else f" at {instant.render(replay.began)}"
    return (
        f"The condition was true already: the episode opened{began}, while the rule was silent for "
        f"{_suppressed(rule, window)}. An episode that opens so is not told, however long it goes on."
    )


def _suppressed(rule: Correlation, window: Account) -> str:
    last = f", at {window.anomaly.event_time}" if window.anomaly else ""
    return f"{summary.duration(rule.suppress)} after the group's last anomaly{last}"


def _short_of(rule: Correlation, window: Account) -> str:
    if rule.kind is Kind.TEMPORAL_ORDERED and not rule.alternatives and all(window.rules.values()):
        order = ", then ".join(slot.rule_title for slot in rule.slots)
        return (
            f"All rules matched in the {summary.duration(rule.timespan)} up to this signal, but not in the "
            f"order that is wanted, at rising times: {order}."
        )
    measured = "nothing to measure" if window.metric is None else f"{window.metric:,}"
    return (
        f"The condition is false: {measured} in the {summary.duration(rule.timespan)} up to this signal, "
        f"and {window.wanted} is wanted."
    )
