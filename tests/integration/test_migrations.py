"""The schema: applied once, by one process at a time; a day's partition takes its rows along."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import psycopg
import pytest

from secure_signal.adapters import postgres
from secure_signal.adapters.day_partitions import DAY, DAYS_AHEAD, DAYS_BACK, DayPartitions
from secure_signal.core import instant
from secure_signal.core.errors import RetryError, StopError

pytestmark = pytest.mark.integration

INSERT = "INSERT INTO signals (id, user_id, type, timestamp, payload) VALUES (%s, 'u', 't', %s, '{}')"
BY_PARTITION = "SELECT tableoid::regclass::text, array_agg(id ORDER BY id) FROM signals GROUP BY 1"
NOW = instant.from_datetime(datetime(2026, 5, 20, 15, tzinfo=UTC))


def migrated(url: str) -> list[str]:
    with postgres.connect(url, "test") as connection:
        return postgres.migrate(connection)


def test_each_migration_is_applied_once_however_many_processes_start(database_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = [name for names in pool.map(migrated, [database_url] * 4) for name in names]
    assert len(applied) == len(set(applied))
    assert {"0001_signals.sql", "0002_anomalies.sql"} <= set(applied)


def test_an_edited_migration_stops_the_start(database_url: str) -> None:
    migrated(database_url)
    with postgres.connect(database_url, "test") as connection:
        connection.execute("UPDATE schema_migrations SET checksum = 'x' WHERE name = '0002_anomalies.sql'")
        with pytest.raises(StopError, match=r"0002_anomalies\.sql differs"):
            postgres.migrate(connection)


def test_a_server_that_takes_no_changes_now_is_asked_again(database_url: str) -> None:
    with postgres.connect(database_url, "test") as connection:
        connection.execute("SET default_transaction_read_only = on")
        with pytest.raises(RetryError, match="read-only"):
            postgres.migrate(connection)


@pytest.fixture
def connection(database_url: str) -> psycopg.Connection:
    connection = postgres.connect(database_url, "test")
    postgres.migrate(connection)
    return connection


def test_a_day_takes_its_rows_out_of_the_default_partition(connection: psycopg.Connection) -> None:
    for name, time_of_day in (("first", "00:00:00"), ("last", "23:59:59.999999")):
        connection.execute(INSERT, (name, f"2026-05-20T{time_of_day}Z"))
    connection.execute(INSERT, ("before", "2026-05-19T23:59:59.999999Z"))
    connection.execute(INSERT, ("after", "2026-05-21T00:00:00Z"))
    DayPartitions(connection).provide([NOW // DAY], NOW)
    assert dict(connection.execute(BY_PARTITION).fetchall()) == {
        "signals_20260520": ["first", "last"],
        "signals_default": ["after", "before"],
    }


def test_hostile_timestamps_make_no_more_partitions_than_the_horizon(connection: psycopg.Connection) -> None:
    today = NOW // DAY
    DayPartitions(connection).provide(range(0, today * 2, 7), NOW)
    DayPartitions(connection).provide([today + DAYS_AHEAD + 1, today - DAYS_BACK - 1, today], NOW)
    days = [
        d for (d,) in connection.execute("SELECT relname FROM pg_class WHERE relname ~ '^signals_2.{7}$'")
    ]
    assert 0 < len(days) <= DAYS_BACK + DAYS_AHEAD + 1


def test_two_processors_may_want_the_same_day_while_a_third_writes(
    database_url: str, connection: psycopg.Connection
) -> None:
    connection.execute("BEGIN")
    connection.execute(INSERT, ("open", "2026-05-20T12:00:00Z"))
    wanting = [
        threading.Thread(
            target=DayPartitions(postgres.connect(database_url, "test")).provide, args=([NOW // DAY], NOW)
        )
        for _ in range(2)
    ]
    for thread in wanting:
        thread.start()
    waiting = (
        "SELECT count(*) = 2 FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    with postgres.connect(database_url, "test") as observer:
        deadline = time.monotonic() + 10
        while observer.execute(waiting).fetchone() != (True,) and time.monotonic() < deadline:
            time.sleep(0.01)
    connection.execute("COMMIT")
    for thread in wanting:
        thread.join()
    assert connection.execute(BY_PARTITION).fetchall() == [("signals_20260520", ["open"])]
