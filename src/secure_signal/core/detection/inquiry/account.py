"""What a correlation's window held, told signal by signal."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from msgspec import Struct

from secure_signal.core import instant
from secure_signal.core.anomaly import MAX_EVIDENCE, Anomaly
from secure_signal.core.detection.inquiry.explanation import Explained, explain
from secure_signal.core.detection.inquiry.replay import Entry, Replay
from secure_signal.core.detection.rules import wording
from secure_signal.core.detection.rules.correlation import Correlation, Measure
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing.match import Scalar


class Counted(Struct, frozen=True):
    """A signal in the window: which rules it matched and by which fields, and what it adds to the metric.

    Where a correlation is counted, ``found`` is the anomaly that this signal completed, told or not.
    """

    id: str
    user_id: str
    type: str
    timestamp: str
    rules: list[str]
    fields: dict[str, Any]
    values: list[Scalar]
    found: Anomaly | None = None


class Account(Struct, frozen=True, kw_only=True):
    """A group's window at one signal.

    ``metric`` is what was measured (None: undefined) and ``wanted`` what the condition asks of it. ``rules``
    has for each rule that is counted, by title, how many signals matched it. ``size`` is how many signals
    were in the window, of which ``signals`` has the newest; ``anomaly`` is the last of the group until then.
    """

    group: dict[str, Scalar]
    since: str
    until: str
    metric: int | float | None
    wanted: str
    holds: bool
    rules: dict[str, int]
    size: int
    signals: list[Counted]
    anomaly: Anomaly | None


def of(ruleset: RuleSet, rule: Correlation, replay: Replay) -> Account:
    """The account of a window as a replay left it."""
    detections = {each.id: each for each in ruleset.detections}
    last = replay.entries[-1]
    return Account(
        group=dict(zip(rule.group_by, last.match.group, strict=True)),
        since=instant.render(last.event.timestamp - rule.timespan),
        until=instant.render(last.event.timestamp),
        metric=_number(replay.measure),
        wanted=wanted(rule),
        holds=replay.holds,
        rules={
            slot.rule_title: sum(number in entry.match.slots for entry in replay.entries)
            for number, slot in enumerate(rule.slots)
        },
        size=len(replay.entries),
        signals=[_counted(rule, detections, entry) for entry in replay.entries[-MAX_EVIDENCE:]],
        anomaly=replay.anomalies[-1] if replay.anomalies else None,
    )


def wanted(rule: Correlation) -> str:
    """What the condition asks of the metric, in words."""
    if not rule.alternatives:
        return wording.of_bounds(rule.bounds)
    titles = [slot.rule_title for slot in rule.slots]
    return " or ".join(
        " and ".join([*(titles[n] for n in each.there), *(f"no {titles[n]}" for n in each.absent)])
        for each in rule.alternatives
    )


def _counted(rule: Correlation, detections: Mapping[str, Detection], entry: Entry) -> Counted:
    event, match = entry.event, entry.match
    slots = [rule.slots[number] for number in match.slots]
    matched = [detections[slot.rule_id] for slot in slots if slot.rule_id in detections]
    return Counted(
        id=event.id,
        user_id=match.user_id,
        type=event.type,
        timestamp=instant.render(match.time),
        rules=[slot.rule_title for slot in slots],
        fields={
            name: value for each in matched for name, value in _held(explain(each.condition, event)).items()
        },
        values=list(match.values),
        found=entry.found,
    )


def _held(explained: Explained) -> dict[str, Any]:
    """The fields that made a condition true, with their values."""
    if not explained.held or explained.kind == "not":
        return {}
    own = {explained.field: explained.actual} if explained.field else {}
    return own | {name: value for part in explained.parts for name, value in _held(part).items()}


def _number(measure: Measure) -> int | float | None:
    return float(measure) if isinstance(measure, Fraction) else measure
