"""The command ``detect``: lines in, anomalies out, in event-time order."""

import codecs
import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, START, SUM, signal
from typer.testing import CliRunner, Result

from secure_signal.cli import app
from secure_signal.core import instant
from secure_signal.core import signal as contract
from secure_signal.core.detection.engine import LATENESS
from secure_signal.core.detection.reorder import by_event_time
from secure_signal.core.detection.windowing import window
from secure_signal.core.instant import SECOND


@pytest.fixture
def folder(load: Load, tmp_path: Path) -> Path:
    load(FAILED, BRUTE_FORCE)
    return tmp_path


def detect(folder: Path, lines: list[bytes]) -> Result:
    arguments = ["detect", "--rules", str(folder / "rules"), "--logsources", str(folder / "logsources.toml")]
    return CliRunner().invoke(app, arguments, input=b"\n".join(lines))


def test_without_options_the_rules_are_those_of_the_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECURE_SIGNAL_RULES", str(folder / "rules"))
    monkeypatch.setenv("SECURE_SIGNAL_LOGSOURCES", str(folder / "logsources.toml"))
    lines = b"\n".join(contract.encode(signal(n)) for n in range(3))
    (found,) = CliRunner().invoke(app, ["detect"], input=lines).stdout.splitlines()
    assert json.loads(found)["rule_id"] == SUM
    monkeypatch.setenv("SECURE_SIGNAL_RULES", str(folder / "none"))
    assert len(detect(folder, lines.splitlines()).stdout.splitlines()) == 1


def test_several_folders_may_stand_after_one_option(load: Load, tmp_path: Path) -> None:
    load(FAILED)
    other = tmp_path / "other.yml"
    other.write_text(BRUTE_FORCE)
    arguments = [
        "--rules",
        str(tmp_path / "rules"),
        str(other),
        "--logsources",
        str(tmp_path / "logsources.toml"),
    ]
    lines = b"\n".join(contract.encode(signal(n)) for n in range(3))
    environment = {"SECURE_SIGNAL_RULES": str(tmp_path / "none")}
    for given in (arguments, arguments[1:]):
        result = CliRunner().invoke(app, ["detect", *given], input=lines, env=environment)
        assert [json.loads(found)["rule_id"] for found in result.stdout.splitlines()] == [SUM]


def test_signals_are_put_in_order_within_the_lateness_of_the_settings(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In blocks of their own, so that it is the lateness that puts them in order.
    filler = [b" " * 200_000]
    early = [*(contract.encode(signal(200 + 10 * n, user=str(n))) for n in range(12)), *filler]
    late = [*early, *(contract.encode(signal(n)) for n in range(3))]
    assert detect(folder, late).stdout == ""
    monkeypatch.setenv("SECURE_SIGNAL_LATENESS", "300")
    assert len(detect(folder, late).stdout.splitlines()) == 1


def test_shuffled_signals_give_what_sorted_ones_give(folder: Path) -> None:
    signals = [contract.encode(signal(n * 1.5, user="ab"[n % 2])) for n in range(60)]
    delays = {line: n * 1.5 + random.Random(n).uniform(0, 59) for n, line in enumerate(signals)}
    runs = [detect(folder, lines) for lines in (signals, sorted(signals, key=delays.__getitem__))]
    first, second = ([json.loads(line) for line in run.stdout.splitlines()] for run in runs)
    strip = {"detection_timestamp": ""}
    assert [a | strip for a in first] == [a | strip for a in second]
    assert [(a["rule_id"], a["group"]) for a in first] == [(SUM, {"user_id": u}) for u in "ab"]
    assert [run.exit_code for run in runs] == [0, 0]


@pytest.mark.parametrize("lines", [[0], [30], range(0, 60, 5)])
def test_a_wrong_clock_puts_nobody_else_out_of_order(lines: Iterable[int]) -> None:
    shuffled = sorted(
        map(signal, range(120)), key=lambda each: each.timestamp + each.timestamp // SECOND * 37 % 59 * SECOND
    )
    for line in lines:
        shuffled.insert(line, msgspec.structs.replace(signal(0, user="mallory"), timestamp=instant.LAST))
    blocks = by_event_time([shuffled[:50], [], shuffled[50:51], shuffled[51:]], LATENESS)
    ordered = [each.timestamp for block in blocks for each in block]
    assert ordered == sorted(ordered)


def test_after_a_pause_signals_are_put_in_order_and_do_not_wait_for_the_end() -> None:
    def times() -> Iterator[float]:
        yield from (*range(100), *range(9000, 9100, 2))
        yield 9070
        read.append(True)
        yield from range(9100, 9200)

    read: list[bool] = []
    blocks = by_event_time(([signal(second)] for second in times()), LATENESS)
    before = [each.timestamp for block in blocks for each in block if not read]
    assert before == sorted(before)
    assert before[-1] > START + 9000 * SECOND


def test_a_signal_that_comes_again_is_judged_once(folder: Path) -> None:
    twice = contract.encode(signal(0))
    result = detect(folder, [twice, twice, contract.encode(signal(1))])
    assert (result.stdout, result.exit_code) == ("", 0)
    rules = folder / "rules"
    (rules / "rule-2.yml").unlink()
    assert len(detect(folder, [twice, twice]).stdout.splitlines()) == 1


def test_bad_lines_are_named_and_the_good_ones_judged(folder: Path) -> None:
    good = [contract.encode(signal(n)).replace(b'"id":"alice', b'"id":"bob') for n in range(3)]
    result = detect(folder, [b"{", b"", *good, b'{"user_id":"x"}', b"\xff"])
    assert result.exit_code == 1
    assert [json.loads(line)["rule_id"] for line in result.stdout.splitlines()] == [SUM]
    told = [line.split(":")[0] for line in result.stderr.splitlines() if line.startswith("line ")]
    assert told == ["line 1", "line 6", "line 7"]
    assert "3 lines" in result.stderr


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_byte_order_mark_and_the_line_ends_of_windows_cost_no_signal(folder: Path, end: bytes) -> None:
    lines = [contract.encode(signal(n)) + end for n in range(3)]
    result = detect(folder, [codecs.BOM_UTF8 + lines[0], *lines[1:]])
    assert result.exit_code == 0
    assert [json.loads(line)["rule_id"] for line in result.stdout.splitlines()] == [SUM]
    assert detect(folder, [codecs.BOM_UTF8 + end]).exit_code == 0


def test_signals_without_id_are_called_by_their_line(folder: Path) -> None:
    lines = [json.dumps(json.loads(contract.encode(signal(n))) | {"id": None}).encode() for n in range(3)]
    result = detect(folder, [b"", *lines])
    assert json.loads(result.stdout)["evidence"] == ["line-2", "line-3", "line-4"]


def test_full_windows_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "CAPACITY", 5)
    result = detect(folder, [contract.encode(signal(n)) for n in range(8)])
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)
    assert "3 signals were left out of full windows" in result.stderr
