"""Starts the whole stack in order, keeps it running, and stops it in order."""

import os
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import psycopg

from secure_signal.adapters import postgres as database
from secure_signal.adapters import topics
from secure_signal.adapters.settings import Settings
from secure_signal.core.errors import RetryError, StopError, UsageError
from secure_signal.stack import kafka, logs, postgres, readings, services
from secure_signal.stack.child import Identity
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.part import Part
from secure_signal.stack.ports import Ports
from secure_signal.stack.record import Record, State
from secure_signal.stack.terminal import harmless

_POLL_SECONDS = 0.1

_HOPELESS = 4

_DRAIN_SECONDS = 20.0


class Stopped(Exception):  # noqa: N818
    """A person wants the stack to stop while it starts."""


class Supervisor:
    """The parts of one data folder; all is done by the thread that calls."""

    def __init__(
        self,
        folder: DataFolder,
        ports: Ports,
        jars: list[Path],
        settings: Settings,
        say: Callable[[str], None],
        wanted: Callable[[], bool],
    ) -> None:
        """``say`` takes a sentence for a person; ``wanted`` turns false when the stack is to stop."""
        self._folder = folder
        self._ports = ports
        self._settings = settings
        self._say = say
        self._wanted = wanted
        self._state: State = "starting"
        self._saved: Record | None = None
        self._identity = Identity.of(os.getpid())
        self._access = postgres.Access.by(folder.password, ports.postgres)
        self.parts = {p.name: p for p in self._make_parts(jars)}

    def _make_parts(self, jars: list[Path]) -> Iterable[Part]:
        folder, ports = self._folder, self._ports
        yield Part(
            "kafka",
            ports.kafka,
            lambda: kafka.prepare(folder.kafka, ports.kafka, jars, folder.log("kafka")),
            lambda: kafka.is_ready(ports.kafka),
        )
        yield Part(
            "postgres",
            ports.postgres,
            lambda: postgres.prepare(folder.postgres, self._access, folder.log("postgres")),
            lambda: postgres.is_ready(self._access),
        )
        for name in services.NAMES:
            yield services.part(name, folder, ports, self.environment)

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to find this stack's Kafka and PostgreSQL."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers(self._ports.kafka),
            "DATABASE_URL": self._access.url(),
            "SECURE_SIGNAL_API_KEYS": self._settings.api_keys,
        }

    def start(self) -> None:
        """Bring everything up. StopError where a part cannot start; Stopped where a person gave up."""
        self._bring_up("postgres", "kafka")
        self._prepare_servers()
        self._bring_up(*services.NAMES)
        self._state = "running"
        self._save()

    def _bring_up(self, *names: str) -> None:
        parts = [self.parts[name] for name in names]
        while any(part.ready_since is None for part in parts):
            self._tend(p for p in self.parts.values() if p.child or p in parts)
            for part in parts:
                if _is_hopeless(part):
                    raise StopError(self._why(part))
            if not self._wanted():
                raise Stopped
            time.sleep(_POLL_SECONDS)

    def _why(self, part: Part) -> str:
        log = self._folder.log(part.name)
        lines = "".join(f"\n  {harmless(line)}" for line in logs.last_lines(log, 3))
        return f"{part.name} does not start: {part.last_problem}. The end of {log}:{lines}"

    def _prepare_servers(self) -> None:
        """Database, schema and topics; a server that falters here is given another try."""
        while self._wanted():
            try:
                postgres.ensure_database(self._access)
                with database.connect(self._access.url(), "secure-signal up") as connection:
                    database.migrate(connection)
                topics.ensure(
                    kafka.bootstrap_servers(self._ports.kafka),
                    self._settings.partitions,
                    self._settings.replication_factor,
                )
            except (RetryError, psycopg.OperationalError) as error:
                self._say(f"trying again: {error}")
                time.sleep(1)
                self._tend(p for p in self.parts.values() if p.child)
            else:
                return
        raise Stopped

    def tend(self) -> None:
        """Start again what ended; to be called again and again while the stack runs."""
        self._tend(self.parts.values())

    def _tend(self, parts: Iterable[Part]) -> None:
        for part in parts:
            for sentence in part.tend(time.monotonic()):
                self._say(sentence)
            logs.bound(self._folder.log(part.name))
        self._save()

    def _save(self) -> None:
        """Write down what is new; while the disk is full, it is tried again at every turn."""
        parts = tuple(p.record for p in self.parts.values())
        record = Record(self._state, self._identity, self._ports, parts)
        if record != self._saved:
            with suppress(OSError):
                record.save(self._folder)
                self._saved = record

    def stop(self) -> None:
        """Stop everything: who brings signals first, who keeps them last, and what is on its way arrives."""
        self._state = "stopping"
        self._save()
        for name in ("emitter", "detector", "processor", "dashboard", "kafka", "postgres"):
            part = self.parts[name]
            if name in ("detector", "processor"):
                self._drain(part)
            self._say(f"stopping {name}")
            part.stop()
            self._save()

    def _drain(self, part: Part) -> None:
        """Wait until the service has done what is in Kafka; what it has not, it does after the next start."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._is_up(part) and self._is_up(self.parts["kafka"]) and time.monotonic() < deadline:
            if readings.lag(readings.metrics(part.port)) == 0:
                return
            time.sleep(_POLL_SECONDS)

    @staticmethod
    def _is_up(part: Part) -> bool:
        return part.ready_since is not None and part.child is not None and part.child.exit_code is None


def _is_hopeless(part: Part) -> bool:
    """Ended often without ever being ready, or for a setting that stays wrong."""
    return part.ready_since is None and (part.failures >= _HOPELESS or part.last_exit == UsageError.exit_code)
