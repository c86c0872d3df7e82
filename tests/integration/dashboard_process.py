"""dashboard as a process of its own, and rows for it to show."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql
from tests.servers import until

from secure_signal.stack import ports

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


class Dashboard:
    """A running dashboard and a client for it; it can be started again on its port."""

    def __init__(self, log: Path, probe: str, **settings: str) -> None:
        self.port = ports.free()
        self.url = f"http://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=30)
        self._log = log
        self._environment = {**os.environ, "SECURE_SIGNAL_HTTP_PORT": str(self.port), **settings}
        self._probe = probe
        self.start()

    def start(self) -> None:
        """Start it and wait until the probe is good."""
        with self._log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "secure_signal", "dashboard"],
                env=self._environment,
                stdout=output,
                stderr=output,
            )
        self.wait_for(self._probe)

    def wait_for(self, path: str, status: int = 200) -> None:
        """Until it answers so."""
        until(lambda: self._status(path) == status, f"{path} answers {status}", self._why)

    def _status(self, path: str) -> int:
        try:
            return self.client.get(path).status_code
        except httpx.TransportError:
            return 0

    def _why(self) -> str:
        return self._log.read_text()[-2000:]

    def get(self, path: str, **query: Any) -> Any:
        """The JSON of a good answer."""
        answer = self.client.get(path, params=query or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @contextmanager
    def stream(self, **headers: str) -> Iterator[Iterator[tuple[str, str, Any]]]:
        """(name, id, data) of each event of /v1/stream."""
        with self.client.stream("GET", "/v1/stream", headers=headers) as answer:
            assert answer.status_code == 200, answer.read()
            yield _events(_lines(answer.iter_text()))


def _lines(texts: Iterator[str]) -> Iterator[str]:
    """httpx's own lines end at U+2028 as well; those of an event stream do not."""
    rest = ""
    for text in texts:
        *whole, rest = (rest + text).split("\n")
        yield from whole


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "data" in fields:
            yield fields["event"], fields.get("id", ""), json.loads(fields["data"])
            fields = {}


@contextmanager
def running_dashboard(log: Path, probe: str = "/readyz", **settings: str) -> Iterator[Dashboard]:
    """A dashboard whose probe is good; it ends with the block."""
    dashboard = Dashboard(log, probe, **settings)
    try:
        yield dashboard
    finally:
        dashboard.client.close()
        dashboard.process.terminate()
        try:
            dashboard.process.wait(20)
        finally:
            dashboard.process.kill()


@contextmanager
def empty_database(postgres_url: str) -> Iterator[str]:
    """The URL of a database that is dropped after the block."""
    name = f"dashboard_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield postgres_url.rsplit("/", 1)[0] + "/" + name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def store_signal(connection: psycopg.Connection, **changes: Any) -> str:
    """Insert a signal; returns its id."""
    row = {
        "id": str(uuid.uuid4()),
        "user_id": "alice",
        "type": "auth.login",
        "timestamp": NOON,
        "payload": "{}",
    }
    _insert(connection, "signals", row | changes)
    return str((row | changes)["id"])


def store_anomaly(connection: psycopg.Connection, **changes: Any) -> str:
    """Insert an anomaly; returns its id."""
    row = {
        "id": str(uuid.uuid4()),
        "user_id": "alice",
        "anomaly_type": "brute_force",
        "severity": "high",
        "detection_timestamp": datetime.now(UTC),
        "event_time": NOON,
        "rule_id": "rule-1",
        "rule_title": "Many failed logins",
        "group": '{"user_id": "alice"}',
        "evidence": "[]",
        "summary": "10 failed logins of alice",
        "ruleset": "r",
    }
    _insert(connection, "anomalies", row | changes)
    return str((row | changes)["id"])


def _insert(connection: psycopg.Connection, table: str, row: dict[str, Any]) -> None:
    columns = sql.SQL(", ").join(map(sql.Identifier, row))
    values = sql.SQL(", ").join(map(sql.Placeholder, row))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})")
    connection.execute(statement.format(sql.Identifier(table), columns, values), row)
