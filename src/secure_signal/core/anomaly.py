"""The contract of an anomaly: what a rule found, as it stands on ``anomaly-events`` and in ``detect``."""

from typing import Any

import msgspec

SEVERITIES = ("informational", "low", "medium", "high", "critical")


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found at one signal.

    ``event_time`` is that signal's timestamp, ``detection_timestamp`` when it was judged (both RFC 3339
    in UTC); ``group`` maps the rule's group-by names to their values; ``evidence`` lists ids of the
    signals that made it, the triggering one last; ``summary`` is a sentence for a person.
    """

    id: str
    rule_id: str
    rule_title: str
    anomaly_type: str
    severity: str
    user_id: str
    group: dict[str, Any]
    event_time: str
    detection_timestamp: str
    evidence: list[str]
    summary: str
    ruleset: str = ""


_decoder = msgspec.json.Decoder(Anomaly)


def encode(anomaly: Anomaly) -> bytes:
    """An anomaly as one JSON object."""
    return msgspec.json.encode(anomaly)


def decode(value: bytes) -> Anomaly:
    """One JSON object to an anomaly; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(value)
