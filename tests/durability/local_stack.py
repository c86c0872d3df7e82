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
        answer: dict[str, Any] = json.loads(_command("status", "--json", "--data", str(self.data)))
        return answer

    def environment(self) -> dict[str, str]:
        """The variables that ``secure-signal env`` exports."""
        lines = _command("env", "--data", str(self.data)).splitlines()
        pairs = (line.removeprefix("export ").partition("=") for line in lines if line.startswith("export "))
        return {name: value.strip("'\"") for name, _, value in pairs}

    def kill(self, part: str) -> int:
        """kill -9 one part; returns the process id that is gone."""
        pid = pid_of(self.status(), part)
        os.kill(pid, signal.SIGKILL)
        return pid


def pid_of(status: dict[str, Any], part: str) -> int:
    """The process id of a part, from a status."""
    return int(next(p["pid"] for p in status["parts"] if p["name"] == part))


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
