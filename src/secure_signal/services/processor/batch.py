"""A batch: the records that one transaction will store, or set aside as dead letters."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from confluent_kafka import Message

from secure_signal.adapters import anomaly_table, topics
from secure_signal.adapters.binary_copy import signal_row
from secure_signal.adapters.day_partitions import DAY
from secure_signal.adapters.dead_letters import DeadLetter
from secure_signal.adapters.offset_table import Position
from secure_signal.core import identity, signal
from secure_signal.core.errors import RefusedError

MAX_BYTES = 8 * 1024 * 1024


@dataclass
class Batch:
    """What is in hand, by fate: a record stands at the same index as its row.

    ``opened`` is when the first came (monotonic seconds), ``size`` the bytes of all values.
    """

    opened: float = 0.0
    size: int = 0
    rows: list[bytes] = field(default_factory=list)
    records: list[Message] = field(default_factory=list)
    anomaly_rows: list[anomaly_table.Row] = field(default_factory=list)
    anomaly_records: list[Message] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)
    days: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.records) + len(self.anomaly_records) + len(self.dead)

    def add(self, record: Message, position: Position) -> None:
        """Take one record in."""
        value = record.value()
        try:
            if value is None:
                raise RefusedError("", "no value: a tombstone")
            self.size += len(value)
            if position.topic == topics.SIGNALS:
                self._add_signal(record, value, position)
            else:
                self.anomaly_rows.append(anomaly_table.row(value))
                self.anomaly_records.append(record)
        except RefusedError as refusal:
            self.dead.append(DeadLetter(record, refusal.field, refusal.reason))

    def _add_signal(self, record: Message, value: bytes, position: Position) -> None:
        found = signal.decode(value)
        if not found.id:
            own = identity.of_record(position.topic_id, position.partition, position.next)
            found = msgspec.structs.replace(found, id=own)
        self.rows.append(signal_row(found))
        self.records.append(record)
        self.days.add(found.timestamp // DAY)


def fill(batch: Batch, records: Sequence[Message], positions: dict[tuple[str, int], Position]) -> None:
    """Take in what is new at its partition's position, and move the position on."""
    for record in records:
        # A consumed record has all three; the client's types cannot tell it from one to be produced.
        key: Any = (record.topic(), record.partition())
        offset: Any = record.offset()
        position = positions.get(key)
        # Not claimed, or behind: fetched before the partition changed hands.
        if position is None or offset < position.next:
            continue
        position.next = offset
        batch.add(record, position)
        position.next += 1
