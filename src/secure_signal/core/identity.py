"""Who is who: ids of signals and anomalies. The same cause always gets the same id."""

from uuid import UUID, uuid5

_SIGNALS = UUID("5f6b7c1e-2d0a-5f57-9c5e-6a1f5f0f7d11")
_ANOMALIES = UUID("c0f7b1f4-0b43-5c0b-8f43-3a5a1c2b9e62")


def uuid7(instant: int, random_bits: int) -> str:
    """A version 7 UUID (RFC 9562 5.7) of an instant in microseconds and 74 random bits."""
    milliseconds = instant // 1000
    high = random_bits >> 62 & 0xFFF
    low = random_bits & 0x3FFF_FFFF_FFFF_FFFF
    return str(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))


def of_record(topic_id: str, partition: int, offset: int) -> str:
    """The id of a signal that came without one straight into Kafka: a replay finds the same."""
    return str(uuid5(_SIGNALS, f"{topic_id}/{partition}/{offset}"))


def of_event(source: str, event_id: str) -> str:
    """The id of a CloudEvent, whose own id is unique only within its source (CloudEvents 1.0.2)."""
    return str(uuid5(_SIGNALS, f"{len(source)}:{source}{event_id}"))


def of_anomaly(rule_id: str, group: tuple[object, ...], user_id: str, timestamp: int, signal_id: str) -> str:
    """The id of what a rule found in a group at the signal that completed it.

    That signal is known by all three: clients that count have each a signal ``1``.
    """
    return str(uuid5(_ANOMALIES, repr((rule_id, group, user_id, timestamp, signal_id))))
