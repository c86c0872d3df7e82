"""Commands whose standard input or output is closed, or full."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


def run(command: str, folder: Path) -> tuple[int, str]:
    """The exit code, and what was told on stderr."""
    secure_signal = f"'{sys.executable}' -m secure_signal {command}"
    # Buffered as a person has it: what is left is written as the interpreter ends.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        ["sh", "-c", secure_signal], cwd=folder, env=environment, stderr=subprocess.PIPE, timeout=30
    )
    return done.returncode, done.stderr.decode()


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
@pytest.mark.parametrize(
    "command",
    [
        "--version > /dev/full",
        "rules check > /dev/full",
        "doctor > /dev/full",
        "generate --labels /dev/full --minutes 1 > signals",
        "generate --labels labels --minutes 1 > /dev/full",
    ],
)
def test_a_full_disk_is_told_in_one_line(command: str, tmp_path: Path) -> None:
    assert run(command, tmp_path) == (1, "secure-signal: cannot write: No space left on device\n")


@pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")
def test_anomalies_that_find_no_room_are_told_in_one_line(tmp_path: Path) -> None:
    assert run("generate --labels labels --minutes 2 --seed 1 > signals", tmp_path) == (0, "")
    code, told = run("detect < signals > /dev/full", tmp_path)
    assert (code, told) == (1, "secure-signal: cannot write: No space left on device\n")


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("detect <&-", 2, "Standard input is closed"),
        ("rules profile <&-", 2, "Standard input is closed"),
        ("detect < /dev/null >&-", 1, "cannot write: standard output is closed"),
        ("generate --labels labels >&-", 1, "cannot write: standard output is closed"),
    ],
)
def test_a_closed_stream_is_told(command: str, code: int, words: str, tmp_path: Path) -> None:
    ended, told = run(command, tmp_path)
    assert (ended, words in told, told.count("\n")) == (code, True, 1)


def test_who_reads_no_further_is_told_nothing(tmp_path: Path) -> None:
    _, told = run("generate --labels labels --minutes 2 | head -c 1", tmp_path)
    assert told == ""
