"""Anomalies, made of what rules find."""

from secure_signal.core import identity, instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import summary
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.windowing import origin
from secure_signal.core.detection.windowing.match import Scalar
from secure_signal.core.detection.windowing.window import Opening


def of_signal(rule: Detection, event: Event, now: int, ruleset: str) -> Anomaly:
    """A signal that a rule matches; ``now`` in microseconds, ``ruleset`` is the hash of all rules."""
    return Anomaly(
        id=identity.of_anomaly(rule.id, (), event.user_id, event.timestamp, event.id),
        rule_id=rule.id,
        rule_title=rule.title,
        anomaly_type=rule.anomaly_type,
        severity=rule.level,
        user_id=event.user_id,
        group={},
        event_time=instant.render(event.timestamp),
        detection_timestamp=instant.render(now),
        evidence=[event.id],
        summary=summary.of_detection(rule, event.user_id, event.type),
        ruleset=ruleset,
    )


def name_of(rule: Correlation, group: tuple[Scalar, ...], opening: Opening) -> str:
    """The id of an opening's anomaly."""
    cause = origin.cause_of(opening.evidence[-1])
    return identity.of_anomaly(rule.id, group, opening.user_id, opening.time, cause)


def of_opening(
    rule: Correlation, group: tuple[Scalar, ...], opening: Opening, name: str, now: int, ruleset: str
) -> Anomaly:
    """An episode of a group, as it opens; ``name`` is its id."""
    return Anomaly(
        id=name,
        rule_id=rule.id,
        rule_title=rule.title,
        anomaly_type=rule.anomaly_type,
        severity=rule.level,
        user_id=opening.user_id,
        group=dict(zip(rule.group_by, group, strict=True)),
        event_time=instant.render(opening.time),
        detection_timestamp=instant.render(now),
        evidence=origin.signals_of(opening.evidence),
        summary=summary.of_correlation(rule, group, opening.measure),
        ruleset=ruleset,
    )
