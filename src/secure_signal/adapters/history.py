"""What is stored, read back over one connection by those who look into the past.

RetryError where PostgreSQL does not answer.
"""

from collections.abc import Iterator

import psycopg

from secure_signal.adapters import stored_anomalies, stored_signals
from secure_signal.adapters.sqlstate import outages
from secure_signal.adapters.statements import statement
from secure_signal.adapters.stored_signals import StoredSignal
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.event import Event
from secure_signal.core.instant import from_datetime, to_datetime
from secure_signal.core.signal import Signal

# Twice as fast as a cursor with a name, and no more rows are in memory at a time.
_ROWS = 1_000


def events(
    connection: psycopg.Connection, since: int, until: int, user_id: str | None = None
) -> Iterator[Event]:
    """The signals from one instant to before another, in event-time order; of one user, or of all.

    Equal times come in the order of their ids. The connection is busy until the last was read.
    """
    with outages(), connection.cursor() as cursor:
        rows = cursor.stream(
            statement("signals_history"), {**_interval(since, until), "user_id": user_id}, size=_ROWS
        )
        for id_, user, type_, timestamp, payload in rows:
            yield Event.of(Signal(id_, user, type_, timestamp, payload.encode()))


def _interval(since: int, until: int) -> dict[str, object]:
    return {"since": to_datetime(since), "until": to_datetime(until)}


def span(connection: psycopg.Connection, since: int, until: int) -> tuple[int, int] | None:
    """The times of the first and the last signal in an interval, None where there is none."""
    with outages():
        row = connection.execute(statement("signals_span"), _interval(since, until)).fetchone()
    return None if row is None or row[0] is None else (from_datetime(row[0]), from_datetime(row[1]))


def signals_named(connection: psycopg.Connection, signal_id: str) -> list[StoredSignal]:
    """The signals of an id, the newest first: a sender can use one again with another timestamp."""
    with outages():
        rows = connection.execute(statement("signals_named"), {"id": signal_id}).fetchall()
    return [stored_signals.from_row(row) for row in rows]


def signals_near(connection: psycopg.Connection, ids: list[str], instant: str) -> list[StoredSignal]:
    """The signals of these ids that are stored, the oldest first; of one id that which is nearest in time."""
    with outages():
        rows = connection.execute(
            statement("signals_evidence"), {"ids": ids, "event_time": instant}
        ).fetchall()
    return [stored_signals.from_row(row) for row in rows]


def anomalies_at(connection: psycopg.Connection, rule_id: str, signal: StoredSignal) -> list[Anomaly]:
    """The anomalies of a rule that a signal completed."""
    params = {
        "rule_id": rule_id,
        "signal_id": signal.id,
        "user_id": signal.user_id,
        "event_time": signal.timestamp,
    }
    with outages():
        rows = connection.execute(statement("anomalies_at"), params).fetchall()
    return [stored_anomalies.from_row(row) for row in rows]


def anomaly(connection: psycopg.Connection, anomaly_id: str) -> Anomaly | None:
    """The anomaly of an id, which must be a UUID."""
    with outages():
        row = connection.execute(statement("anomaly"), {"id": anomaly_id}).fetchone()
    return None if row is None else stored_anomalies.from_row(row)
