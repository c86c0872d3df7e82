"""The contract of an anomaly: what a rule found, as it stands on ``anomaly-events`` and in ``detect``."""

from typing import Annotated, Literal, TypeAlias, get_args

import msgspec

from secure_signal.core.signal import MAX_ID, MAX_USER_ID

Severity: TypeAlias = Literal["informational", "low", "medium", "high", "critical"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)

MAX_EVIDENCE = 100

_HEX = "[0-9a-f]"
_Uuid = Annotated[
    str, msgspec.Meta(pattern=rf"^{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}\Z")
]
_Evidence = Annotated[
    list[Annotated[str, msgspec.Meta(max_length=MAX_ID)]], msgspec.Meta(max_length=MAX_EVIDENCE)
]


class Anomaly(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule found at one signal.

    ``event_time`` is that signal's timestamp, ``detection_timestamp`` when it was judged (both RFC 3339
    in UTC); ``group`` maps the rule's group-by names to their values; ``evidence`` lists ids of the
    signals that made it, the triggering one last; ``summary`` is a sentence for a person.
    """

    id: _Uuid
    rule_id: str
    rule_title: str
    anomaly_type: str
    severity: Severity
    user_id: Annotated[str, msgspec.Meta(max_length=MAX_USER_ID)]
    group: dict[str, str | int | float | bool]
    event_time: str
    detection_timestamp: str
    evidence: _Evidence
    summary: str
    ruleset: str = ""


_decoder = msgspec.json.Decoder(Anomaly)


def encode(anomaly: Anomaly) -> bytes:
    """An anomaly as one JSON object."""
    return msgspec.json.encode(anomaly)


def decode(value: bytes) -> Anomaly:
    """One JSON object to an anomaly; raises msgspec.DecodeError for anything else;
    that both times are RFC 3339 is left to whoever reads them."""
    return _decoder.decode(value)
