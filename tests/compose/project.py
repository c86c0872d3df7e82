"""A compose project of its own: up, asked, killed at its containers, and gone without a trace."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

_PUBLISHED = ("EMITTER", "DASHBOARD", "PROMETHEUS", "GRAFANA", "KAFKA")
_NO_ENV_FILE = "/dev/null"
_KILL = "import os, sys; os.kill(int(sys.argv[1]), 9)"


class FailedError(Exception):
    """The scenario cannot go on; the text says what was waited for."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def until(what: str, seconds: float, ready: Callable[[], bool]) -> float:
    """Ask until it is so; returns the seconds it took, FailedError after that many."""
    start = time.monotonic()
    while not ready():
        if time.monotonic() - start > seconds:
            raise FailedError(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.5)
    return time.monotonic() - start


def run(command: list[str], timeout: float = 60, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints; its errors go to the terminal. FailedError when it fails."""
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, timeout=timeout, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise FailedError(str(error)) from error
    return done.stdout.decode()


@dataclass(frozen=True)
class Project:
    """One instance of docker-compose.yml on free ports, with settings of its own."""

    name: str
    settings: dict[str, str]
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in _PUBLISHED})

    def compose(self, *arguments: str, timeout: float = 120) -> str:
        """What `docker compose` prints; FailedError when it fails."""
        ports = {f"SECURE_SIGNAL_{name}_PORT": str(port) for name, port in self.ports.items()}
        command = ["docker", "compose", "--project-name", self.name, "--env-file", _NO_ENV_FILE, *arguments]
        return run(command, timeout, os.environ | self.settings | ports)

    def url(self, name: str) -> str:
        """Where one of the published ports is reached."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def rows(self, query: str) -> list[str]:
        """What PostgreSQL answers, a line a row."""
        psql = ["psql", "--username=secure_signal", "--no-align", "--tuples-only", f"--command={query}"]
        return self.compose("exec", "--no-TTY", "postgres", *psql).splitlines()

    def kill(self, service: str) -> None:
        """SIGKILL to the container's first process, as a crash would be.

        Not `docker kill`: Docker takes that as the wish of a person, and does not restart. The signal
        has to come from outside the container's own process namespace, in which process 1 is immune.
        """
        pid = str(self._state(service)["Pid"])
        outside = ["--pid=host", "--network=none", "--cap-drop=ALL", "--cap-add=KILL", "--user=0:0"]
        image = ["--entrypoint=python", "secure-signal:local", "-c", _KILL, pid]
        run(["docker", "run", "--rm", *outside, *image])

    def started(self, service: str) -> str:
        """When the container's process was started, last."""
        return str(self._state(service)["StartedAt"])

    def healthy(self, service: str) -> bool:
        """Whether the container runs and its health check passed since it started."""
        state = self._state(service)
        return bool(state["Running"] and state["Health"]["Status"] == "healthy")

    def _state(self, service: str) -> dict[str, Any]:
        container = self.compose("ps", "--all", "--quiet", service).strip()
        inspect = ["docker", "inspect", "--format", "{{json .State}}", container]
        return dict(json.loads(run(inspect)))

    def down(self) -> None:
        """Take the containers, the network and the volumes away."""
        self.compose("down", "--volumes", "--remove-orphans", "--timeout=20", timeout=300)

    def explain(self) -> None:
        """Show what the containers are in and said last."""
        print(self.compose("ps", "--all"), file=sys.stderr)
        print(self.compose("logs", "--no-color", "--tail=30"), file=sys.stderr)
