"""How fast signals come and are stored, from one reading of the offsets to the next."""

from dataclasses import dataclass
from datetime import datetime

import msgspec


@dataclass(frozen=True)
class Reading:
    """Offsets at one moment; None where Kafka or PostgreSQL did not tell.

    ``seconds`` on a clock that never runs backwards; ``ends`` are the partitions' ends in Kafka, and
    ``stored`` how far each is stored in PostgreSQL; ``topic_id`` tells a topic from one made anew.
    """

    seconds: float = 0.0
    topic_id: str = ""
    ends: dict[int, int] | None = None
    stored: dict[int, int] | None = None
    trouble: str = ""


class Pulse(msgspec.Struct, frozen=True):
    """How the pipeline does at one moment; null where that cannot be told, ``trouble`` says why.

    Rates are per second since the pulse before, ``lag`` is the number of signals in Kafka that are not
    stored yet, ``stored`` the number of those that are, ``anomalies`` are those of the last 24 hours by
    severity.
    """

    time: datetime
    arrival_rate: float | None
    storing_rate: float | None
    lag: int | None
    stored: int | None
    anomalies: dict[str, int] = {}
    trouble: str = ""


def compare(before: Reading, now: Reading, time: datetime, anomalies: dict[str, int]) -> Pulse:
    """The pulse between two readings."""
    same = before.topic_id == now.topic_id
    seconds = now.seconds - before.seconds
    return Pulse(
        time=time,
        arrival_rate=_rate(before.ends, now.ends, seconds) if same else None,
        storing_rate=_rate(before.stored, now.stored, seconds) if same else None,
        lag=_lag(now.ends, now.stored),
        stored=None if now.stored is None else sum(now.stored.values()),
        anomalies=anomalies,
        trouble=now.trouble,
    )


def _rate(before: dict[int, int] | None, now: dict[int, int] | None, seconds: float) -> float | None:
    if before is None or now is None or seconds <= 0:
        return None
    return round((sum(now.values()) - sum(before.values())) / seconds, 1)


def _lag(ends: dict[int, int] | None, stored: dict[int, int] | None) -> int | None:
    """Kafka was asked first, so a partition can be stored beyond its end."""
    if ends is None or stored is None:
        return None
    return sum(max(0, end - stored.get(partition, 0)) for partition, end in ends.items())
