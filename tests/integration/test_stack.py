"""The whole local stack through its command: killed part by part, killed whole, started twice, stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from tests.servers import open_folder, until

pytestmark = pytest.mark.integration

PARTS = ("emitter", "processor", "detector", "dashboard", "kafka", "postgres")
ANY_PORTS = [f"--{part}-port=0" for part in PARTS]


@dataclass(frozen=True)
class Stack:
    """A stack of the test's own."""

    data: Path

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "secure_signal", *words, f"--data={self.data}"],
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ | {"SIGNALS_PER_SECOND": "50"},
        )

    def start(self) -> str:
        done = self.run("up", "--detach", *ANY_PORTS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status(self) -> Any:
        return json.loads(self.run("status", "--json").stdout)

    def pids(self) -> dict[str, int]:
        return {part["name"]: part["pid"] for part in self.status()["parts"]}

    def is_ready(self) -> bool:
        return self.run("status").returncode == 0

    def stored(self) -> int:
        line = next(w for w in self.run("env").stdout.splitlines() if "DATABASE_URL" in w)
        with psycopg.connect(line.partition("=")[2]) as connection:
            row = connection.execute("SELECT count(*) FROM signals").fetchone()
        return int(row[0]) if row else 0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with open_folder() as folder:
        # Letters that Java's properties files, a comma-separated list and rich's markup do not take.
        running = Stack(folder / "dätä, [/]")
        running.start()
        try:
            yield running
        finally:
            running.run("down")


def test_signals_flow_into_the_database(stack: Stack) -> None:
    assert stack.is_ready()
    until(lambda: stack.stored() > 0, "signals are stored")


def test_secrets_are_for_the_owner_alone(stack: Stack) -> None:
    for name in ("postgres.password", "stack.json", "lock"):
        assert (stack.data / name).stat().st_mode & 0o077 == 0
    for name in ("kafka", "logs", "postgres"):
        assert (stack.data / name).stat().st_mode & 0o077 == 0


def test_a_second_instance_leaves_the_first_alone(stack: Stack) -> None:
    before = stack.pids()
    for words in (["up", *ANY_PORTS], ["up", "--detach", *ANY_PORTS]):
        second = stack.run(*words)
        assert second.returncode == 1
        assert "already" in second.stderr
        assert "Traceback" not in second.stderr
    assert stack.pids() == before


def test_killed_parts_come_back_and_the_log_says_so(stack: Stack) -> None:
    before = stack.pids()
    killed = ("postgres", "processor")
    for name in killed:
        os.kill(before[name], signal.SIGKILL)
    until(lambda: all(stack.pids()[n] not in (None, before[n]) for n in killed), "both are back")
    until(stack.is_ready, "all are ready")
    said = stack.run("logs", "supervisor").stdout
    assert "postgres ended (killed by SIGKILL)" in said
    assert "processor is ready again" in said


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_goes_on(stack: Stack) -> None:
    parts, stored = stack.pids(), stack.stored()
    os.kill(stack.status()["supervisor"], signal.SIGKILL)
    until(lambda: not any(_lives(pid) for pid in parts.values()), "all parts are gone", seconds=10)
    assert stack.status()["state"] == "stopped"

    assert "API keys are off" in stack.start()
    until(lambda: stack.stored() > stored, "signals are stored again")


def test_down_stops_everything_and_can_be_said_twice(stack: Stack) -> None:
    parts = stack.pids()
    assert stack.run("down").returncode == 0
    assert not any(_lives(pid) for pid in parts.values())
    assert "Nothing runs" in stack.run("down").stdout


def _lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
