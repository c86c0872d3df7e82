"""One connection to PostgreSQL, and the transaction that is open on it."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import psycopg
from confluent_kafka import Message

from secure_signal.adapters import anomaly_table, offset_table, postgres, signal_table
from secure_signal.adapters.day_partitions import DayPartitions
from secure_signal.adapters.dead_letters import DeadLetter
from secure_signal.adapters.offset_table import Position
from secure_signal.adapters.sqlstate import outages, refuses
from secure_signal.adapters.statements import statement
from secure_signal.core.errors import RefusedError
from secure_signal.services.processor.batch import Batch
from secure_signal.services.processor.bisection import bisect

Row = TypeVar("Row")


class Store:
    """Stores one batch after the other. After any error: close it, and open another.

    A transaction of ``name`` that is older than ``frozen_seconds`` belongs to a process that stands still,
    and holds up whoever is to store the same signals: opening a store ends it.
    """

    def __init__(self, url: str, name: str, frozen_seconds: float = 60.0) -> None:
        self.connection = postgres.connect(url, name)
        self._copy: signal_table.SignalCopy | None = None
        with outages():
            postgres.migrate(self.connection)
            self.connection.execute(statement("processor_session"))
            self.connection.execute(
                statement("processor_end_frozen"), {"name": name, "seconds": frozen_seconds}
            )
            self._days = DayPartitions(self.connection)

    def close(self) -> None:
        """Whatever was not committed is gone."""
        self.connection.close()

    def claim(self, topic: str, topic_id: str, partition: int) -> Position:
        """Take a partition over from whoever owned it."""
        with outages():
            return offset_table.claim(self.connection, topic, topic_id, partition)

    def write(self, rows: Sequence[bytes]) -> None:
        """Stream rows of signals into the open transaction, or into a new one."""
        with outages():
            if self._copy is None:
                self.connection.execute("BEGIN")
                self._copy = signal_table.SignalCopy(self.connection)
            self._copy.write(rows)

    def settle(self, batch: Batch) -> list[DeadLetter]:
        """Have the batch's rows in the open transaction; return the records that PostgreSQL refuses."""
        with outages():
            refused = []
            if not self._streamed():
                self.connection.execute("BEGIN")
                refused = self._merge(signal_table.merge, batch.rows, batch.records)
            return refused + self._merge(anomaly_table.merge, batch.anomaly_rows, batch.anomaly_records)

    def commit(self, positions: Sequence[Position]) -> None:
        """Advance the offsets and commit; FencedError where another owner took a partition over."""
        with outages():
            offset_table.advance(self.connection, positions)
            self.connection.commit()

    def provide(self, days: Iterable[int], now: int) -> None:
        """Partitions for the days of what was committed; ``now`` is in microseconds."""
        with outages():
            self._days.provide(days, now)

    def _streamed(self) -> bool:
        """Whether the COPY went in. If not, its rows have to be merged: some of them are stored already,
        cannot be stored, or have a new partition."""
        copy, self._copy = self._copy, None
        if copy is None:
            return False
        try:
            copy.finish()
        except psycopg.Error as error:
            if not refuses(error) and not isinstance(error, psycopg.IntegrityError):
                raise
            self.connection.rollback()
            return False
        return True

    def _merge(
        self,
        merge: Callable[[psycopg.Connection, Sequence[Row]], None],
        rows: Sequence[Row],
        records: Sequence[Message],
    ) -> list[DeadLetter]:
        def attempt(block: Sequence[Row]) -> None:
            try:
                merge(self.connection, block)
            except psycopg.Error as error:
                if not refuses(error):
                    raise
                raise RefusedError("row", f"PostgreSQL: {error.diag.message_primary or error}") from None

        return [
            DeadLetter(records[index], refusal.field, refusal.reason)
            for index, refusal in bisect(rows, attempt)
        ]
