"""The command ``detect``: lines in, anomalies out, in event-time order."""

import json
import random
from pathlib import Path

import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, SUM, signal
from typer.testing import CliRunner, Result

from secure_signal.cli import app
from secure_signal.core import signal as contract


@pytest.fixture
def folder(load: Load, tmp_path: Path) -> Path:
    load(FAILED, BRUTE_FORCE)
    return tmp_path


def detect(folder: Path, lines: list[bytes]) -> Result:
    arguments = ["detect", "--rules", str(folder / "rules"), "--logsources", str(folder / "logsources.toml")]
    return CliRunner().invoke(app, arguments, input=b"\n".join(lines))


def test_shuffled_signals_give_what_sorted_ones_give(folder: Path) -> None:
    signals = [contract.encode(signal(n * 1.5, user="ab"[n % 2])) for n in range(60)]
    delays = {line: n * 1.5 + random.Random(n).uniform(0, 59) for n, line in enumerate(signals)}
    runs = [detect(folder, lines) for lines in (signals, sorted(signals, key=delays.__getitem__))]
    first, second = ([json.loads(line) for line in run.stdout.splitlines()] for run in runs)
    strip = {"detection_timestamp": ""}
    assert [a | strip for a in first] == [a | strip for a in second]
    assert [(a["rule_id"], a["group"]) for a in first] == [(SUM, {"user_id": u}) for u in "ab"]
    assert [run.exit_code for run in runs] == [0, 0]


def test_bad_lines_are_named_and_the_good_ones_judged(folder: Path) -> None:
    good = [contract.encode(signal(n)).replace(b'"id":"alice', b'"id":"bob') for n in range(3)]
    result = detect(folder, [b"{", b"", *good, b'{"user_id":"x"}', b"\xff"])
    assert result.exit_code == 1
    assert [json.loads(line)["rule_id"] for line in result.stdout.splitlines()] == [SUM]
    assert [line.split(":")[0] for line in result.stderr.splitlines()[:3]] == ["line 1", "line 6", "line 7"]
    assert "3 lines" in result.stderr


def test_signals_without_id_are_called_by_their_line(folder: Path) -> None:
    lines = [json.dumps(json.loads(contract.encode(signal(n))) | {"id": None}).encode() for n in range(3)]
    result = detect(folder, [b"", *lines])
    assert json.loads(result.stdout)["evidence"] == ["line-2", "line-3", "line-4"]
