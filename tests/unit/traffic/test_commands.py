"""The commands generate and score on files."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from secure_signal.cli import traffic
from secure_signal.core.errors import UsageError


def test_generated_files_can_be_scored(tmp_path: Path) -> None:
    labels, anomalies = tmp_path / "labels.ndjson", tmp_path / "anomalies.ndjson"
    arguments = ["generate", "--minutes", "1", "--labels", str(labels), "--start", "2026-05-04T09:00:00Z"]
    made = CliRunner().invoke(traffic.app, arguments)
    assert len(made.stdout.splitlines()) == pytest.approx(3000, rel=0.05)
    anomalies.touch()
    files = ["--labels", str(labels), "--anomalies", str(anomalies)]
    result = CliRunner().invoke(traffic.app, ["score", *files, "--json"])
    assert json.loads(result.stdout)["total"]["attacks"] == len(labels.read_text().splitlines())


def test_who_watches_at_a_terminal_sees_the_progress(tmp_path: Path) -> None:
    arguments = ["generate", "--minutes", "1", "--labels", str(tmp_path / "labels")]
    at_terminal = {"TTY_COMPATIBLE": "1", "TTY_INTERACTIVE": "1"}
    watched, piped = (CliRunner().invoke(traffic.app, arguments, env=env) for env in (at_terminal, {}))
    assert "000 signals" in watched.stderr
    assert piped.stderr == ""
    assert all(map(json.loads, watched.stdout.splitlines()))


def test_a_line_that_is_no_label_is_named(tmp_path: Path) -> None:
    wrong, empty = tmp_path / "labels.ndjson", tmp_path / "anomalies.ndjson"
    wrong.write_text('{"id": "a"}\n')
    empty.touch()
    result = CliRunner().invoke(traffic.app, ["score", "--labels", str(wrong), "--anomalies", str(empty)])
    assert isinstance(result.exception, UsageError)
    assert "labels.ndjson, line 1" in str(result.exception)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["generate", "--labels", "{}", "--start", "9999-12-31T23:59:00Z"], "years 1970 to 9999"),
        (["generate", "--labels", "{}", "--minutes", "1e300"], "years 1970 to 9999"),
        (["generate", "--labels", "{}", "--minutes", "inf"], "years 1970 to 9999"),
        (["score", "--last", "999999999d"], "before 1970"),
    ],
)
def test_times_beyond_all_calendars_are_refused(arguments: list[str], reason: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(traffic.app, [each.format(tmp_path / "labels") for each in arguments])
    assert isinstance(result.exception, UsageError)
    assert reason in str(result.exception)
    assert not (tmp_path / "labels").exists()
