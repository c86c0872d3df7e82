"""The whole local stack through its command: killed part by part, killed whole, started twice, stopped."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import psutil
import psycopg
import pytest
from tests.servers import open_folder, until

from secure_signal.stack import postgres, record, status
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.status import Status

pytestmark = pytest.mark.integration

PARTS = ("emitter", "processor", "detector", "dashboard", "kafka", "postgres")
ANY_PORTS = [f"--{part}-port=0" for part in PARTS]


@dataclass(frozen=True)
class Stack:
    """A stack of the test's own, asked without the command where the command is not what is tested."""

    folder: DataFolder

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "secure_signal", *words, f"--data={self.folder.path}"],
            capture_output=True,
            text=True,
            timeout=120,
            env=os.environ | {"SIGNALS_PER_SECOND": "50"},
        )

    def start(self) -> str:
        done = self.run("up", "--detach", *ANY_PORTS)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def status(self) -> Status:
        return status.read(self.folder)

    def pids(self) -> dict[str, int | None]:
        return {part.name: part.pid for part in self.status().parts}

    def pid(self, name: str) -> int:
        pid = self.pids()[name]
        assert pid
        return pid

    def stored(self) -> int:
        running = record.running(self.folder)
        assert running
        access = postgres.Access.by(self.folder.password, running.ports.postgres)
        with psycopg.connect(access.url()) as connection:
            row = connection.execute("SELECT count(*) FROM signals").fetchone()
        return int(row[0]) if row else 0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with open_folder() as folder:
        # Letters that Java's properties files, a comma-separated list and rich's markup do not take.
        running = Stack(DataFolder(folder / "dätä, [/]"))
        running.start()
        try:
            yield running
        finally:
            running.run("down")


def test_signals_flow_into_the_database(stack: Stack) -> None:
    until(lambda: stack.stored() > 0, "signals are stored")


def test_the_command_says_what_runs_and_where(stack: Stack) -> None:
    done = stack.run("status", "--json")
    assert done.returncode == 0
    assert {part["name"]: part["state"] for part in json.loads(done.stdout)["parts"]} == dict.fromkeys(
        PARTS, "ready"
    )
    assert "export DATABASE_URL=postgresql://" in stack.run("env").stdout


def test_secrets_are_for_the_owner_alone(stack: Stack) -> None:
    for name in ("postgres.password", "stack.json", "lock"):
        assert (stack.folder.path / name).stat().st_mode & 0o077 == 0
    for name in ("kafka", "logs", "postgres"):
        assert (stack.folder.path / name).stat().st_mode & 0o077 == 0


def test_a_second_instance_leaves_the_first_alone(stack: Stack) -> None:
    before = stack.pids()
    second = stack.run("up", "--detach", *ANY_PORTS)  # which runs `up` in its turn
    assert second.returncode == 1
    assert "already" in second.stderr
    assert "Traceback" not in second.stderr
    assert stack.pids() == before


def test_killed_parts_come_back_and_the_log_says_so(stack: Stack) -> None:
    before = stack.pids()
    killed = ("postgres", "processor")
    for name in killed:
        os.kill(stack.pid(name), signal.SIGKILL)
    until(lambda: all(stack.pids()[n] not in (None, before[n]) for n in killed), "both are back")
    until(lambda: stack.status().is_ready, "all are ready")
    said = stack.run("logs", "supervisor").stdout
    assert "postgres ended (killed by SIGKILL)" in said
    assert "processor is ready again" in said


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_goes_on(stack: Stack) -> None:
    parts, stored = stack.pids(), stack.stored()
    supervisor = stack.status().supervisor
    assert supervisor
    os.kill(supervisor, signal.SIGKILL)
    until(lambda: not any(map(_lives, parts.values())), "all parts are gone", seconds=10)
    assert stack.status().state == "stopped"

    assert "API keys are off" in stack.start()
    until(lambda: stack.stored() > stored, "signals are stored again")


def test_down_stops_everything_and_can_be_said_twice(stack: Stack) -> None:
    parts = stack.pids()
    assert stack.run("down").returncode == 0
    assert not any(map(_lives, parts.values()))
    assert "Nothing runs" in stack.run("down").stdout


def _lives(pid: int | None) -> bool:
    return pid is not None and psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
