"""One local stack of the test's own: started, asked, and hurt through the command alone."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

COMMAND = (sys.executable, "-m", "secure_signal")
PORTS = ("emitter", "processor", "detector", "dashboard", "kafka", "postgres")


@dataclass(frozen=True)
class LocalStack:
    """A running stack; ``ports`` by the name of the part that listens there."""

    data: Path
    ports: dict[str, int]

    @property
    def emitter_url(self) -> str:
        return f"http://127.0.0.1:{self.ports['emitter']}"

    def status(self) -> dict[str, Any]:
        """What ``secure-signal status --json`` says."""
        # Its exit code tells whether all of it is ready, which is not the question here.
        done = subprocess.run(
            [*COMMAND, "status", "--json", "--data", str(self.data)], capture_output=True, check=False
        )
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    def environment(self) -> dict[str, str]:
        """The variables that ``secure-signal env`` exports."""
        lines = _command("env", "--data", str(self.data)).splitlines()
        pairs = (line.removeprefix("export ").partition("=") for line in lines if line.startswith("export "))
        return {name: value.strip("'\"") for name, _, value in pairs}

    def has_caught_up(self) -> bool:
        """Whether the processor and the detector, by their own metrics, have read every record."""
        try:
            lags = [_lags(self.ports[part]) for part in ("processor", "detector")]
        except httpx.TransportError:
            return False
        # One that has no partitions yet knows no lag.
        return all(lag and not any(lag) for lag in lags)

    def kill(self, part: str) -> int:
        """kill -9 one part; returns the process id that is gone."""
        pid = pid_of(self.status(), part)
        assert pid, f"{part} does not run"
        os.kill(pid, signal.SIGKILL)
        return pid


def pid_of(status: dict[str, Any], part: str) -> int | None:
    """The process id of a part, from a status; None while it does not run."""
    pid: int | None = next(p["pid"] for p in status["parts"] if p["name"] == part)
    return pid


@contextmanager
def running(data: Path) -> Iterator[LocalStack]:
    """A stack on free ports without generated traffic; stopped at the end."""
    ports = _free_ports()
    options = [word for name, port in ports.items() for word in (f"--{name}-port", str(port))]
    quiet = {"SIGNALS_PER_SECOND": "0"}
    _command("up", "--detach", "--data", str(data), *options, environment=quiet)
    try:
        yield LocalStack(data, ports)
    finally:
        _command("down", "--data", str(data))


def wait_until(what: str, seconds: float, true: Any) -> None:
    """Poll until ``true()`` holds; TimeoutError says what was awaited."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.25)


def _lags(port: int) -> list[float]:
    """Of each partition that the service has."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return [s.value for s in samples if s.name.endswith("_consumer_lag_records")]


def _free_ports() -> dict[str, int]:
    with ExitStack() as held:
        sockets = {name: held.enter_context(socket.socket()) for name in PORTS}
        for free in sockets.values():
            free.bind(("127.0.0.1", 0))
        return {name: s.getsockname()[1] for name, s in sockets.items()}


def _command(*words: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [*COMMAND, *words], env=os.environ | (environment or {}), capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise SystemExit(f"secure-signal {words[0]} failed ({done.returncode}): {done.stderr}{done.stdout}")
    return done.stdout
