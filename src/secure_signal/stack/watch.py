"""What the live view shows, read anew every second beside the supervisor."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files

import psycopg

from secure_signal.adapters import postgres
from secure_signal.core.errors import RetryError
from secure_signal.stack import readings
from secure_signal.stack.ports import Ports
from secure_signal.stack.readings import Reading

_SECONDS = 1.0


@dataclass(frozen=True)
class Found:
    """An anomaly in a line."""

    time: datetime
    severity: str
    user_id: str
    summary: str


@dataclass(frozen=True)
class Scene:
    """One moment: totals, signals and records per second, and the latest anomalies, newest first."""

    reading: Reading
    produced_per_second: float
    processed_per_second: float
    anomalies: tuple[Found, ...]


class Watch:
    """Reads from a thread of its own: a service that hangs delays nothing else."""

    def __init__(self, ports: Ports, database_url: str) -> None:
        self.scene = Scene(Reading(None, None, None, None), 0.0, 0.0, ())
        self._ports = ports
        self._url = database_url
        self._connection: psycopg.Connection | None = None

    def start(self) -> None:
        """Begin; it ends with the process."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def _run(self) -> None:
        last, last_time = self.scene.reading, time.monotonic()
        while True:
            time.sleep(_SECONDS)
            reading, now = readings.read(self._ports), time.monotonic()
            self.scene = Scene(
                reading,
                rate(last.produced, reading.produced, now - last_time),
                rate(last.processed, reading.processed, now - last_time),
                self._latest_anomalies(),
            )
            last, last_time = reading, now

    def _latest_anomalies(self) -> tuple[Found, ...]:
        query = (files("secure_signal.stack") / "latest_anomalies.sql").read_bytes()
        try:
            if self._connection is None or self._connection.closed:
                self._connection = postgres.connect(self._url, "secure-signal up")
            return tuple(Found(*row) for row in self._connection.execute(query).fetchall())
        except (RetryError, psycopg.Error):
            return self.scene.anomalies


def rate(before: float | None, after: float | None, seconds: float) -> float:
    """Per second; a total that is smaller than before began anew at 0."""
    if before is None or after is None:
        return 0.0
    return (after - before if after >= before else after) / seconds
