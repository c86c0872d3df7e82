"""Kafka and PostgreSQL of a test: started, killed, frozen, started again."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from secure_signal.stack import jars, kafka, ports, postgres
from secure_signal.stack.child import Child, Program


@dataclass
class Server:
    """A server of a test; ``address`` is Kafka's bootstrap servers or PostgreSQL's URL."""

    address: str
    program: Program
    is_ready: Callable[[], bool]
    child: Child | None = None

    def start(self) -> None:
        """Start it, also again after ``kill`` or ``stop``: the same port and data."""
        self.child = Child(self.program)
        until(self._is_up, f"{self.program.name} is ready", lambda: self.program.log.read_text()[-2000:])

    def _is_up(self) -> bool:
        """Ready; one that ended is started again, as PostgreSQL needs while a killed one's backends end."""
        assert self.child
        if self.child.exit_code is not None:
            self.child = Child(self.program)
        return self.is_ready()

    def kill(self) -> None:
        """End it as kill -9 does."""
        assert self.child
        self.child.kill()

    def stop(self) -> None:
        """End it in good order."""
        assert self.child
        self.child.stop()

    def freeze(self) -> None:
        """Let it hang until ``thaw``."""
        assert self.child
        os.kill(self.child.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after ``freeze``."""
        assert self.child
        os.kill(self.child.pid, signal.SIGCONT)


StartServer = Callable[[], Server]


def until(
    condition: Callable[[], bool], what: str, why: Callable[[], str] = lambda: "", seconds: float = 60
) -> None:
    """Poll until the condition holds; a failed test says what did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds} s it is still not so that {what} {why()}"
        time.sleep(0.05)


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's account can enter; pytest's own is closed to it when root runs the tests."""
    with tempfile.TemporaryDirectory(prefix="secure-signal-test-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@contextmanager
def running_kafka() -> Iterator[Server]:
    """A Kafka of its own in a temporary folder."""
    with open_folder() as folder:
        port = ports.free()
        found = jars.fetch(jars.default_folder())
        program = kafka.prepare(folder / "kafka", port, found, folder / "kafka.log")
        yield from _running(kafka.bootstrap_servers(port), program, lambda: kafka.is_ready(port))


@contextmanager
def running_postgres() -> Iterator[Server]:
    """A PostgreSQL of its own in a temporary folder."""
    with open_folder() as folder:
        access = postgres.Access.by(folder / "password", ports.free())
        program = postgres.prepare(folder / "postgres", access, folder / "postgres.log")
        yield from _running(access.url("postgres"), program, lambda: postgres.is_ready(access))


def _running(address: str, program: Program, is_ready: Callable[[], bool]) -> Iterator[Server]:
    server = Server(address, program, is_ready)
    try:
        server.start()
        yield server
    finally:
        if server.child:
            server.child.kill()
