"""How far each partition is stored: rows in PostgreSQL, advanced with the data in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from secure_signal.adapters.statements import statement
from secure_signal.core.errors import FencedError


@dataclass(slots=True)
class Position:
    """Where an owner stands in a partition: ``stored`` is PostgreSQL's next offset, ``next`` its own."""

    topic: str
    topic_id: str
    partition: int
    epoch: int
    stored: int
    next: int


def claim(connection: psycopg.Connection, topic: str, topic_id: str, partition: int) -> Position:
    """Take a partition over from whoever owned it, who can advance it no more."""
    arguments = {"topic": topic, "topic_id": topic_id, "partition": partition}
    found = connection.execute(statement("offsets_claim"), arguments).fetchone()
    assert found is not None  # noqa: S101 (an upsert always returns its row)
    stored, epoch = found
    return Position(topic, topic_id, partition, epoch, stored, stored)


def advance(connection: psycopg.Connection, positions: Sequence[Position]) -> None:
    """Move from ``stored`` to ``next``; FencedError where another owner took a partition over."""
    moved = connection.execute(
        statement("offsets_advance"),
        {
            "topics": [p.topic for p in positions],
            "topic_ids": [p.topic_id for p in positions],
            "partitions": [p.partition for p in positions],
            "epochs": [p.epoch for p in positions],
            "stored": [p.stored for p in positions],
            "next": [p.next for p in positions],
        },
    )
    if moved.rowcount != len(positions):
        raise FencedError("Another processor owns these partitions now")
