"""Rules change under a running detector: it takes good ones, refuses bad ones, and remembers which it had."""

import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.detector_lab import LOGSOURCES, RULES, Findings, Process, send
from tests.servers import until
from typer.testing import CliRunner

from secure_signal.adapters import rule_coverage, rule_files, topics
from secure_signal.adapters.rule_status import Failure, Statuses
from secure_signal.cli import app
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.inquiry.coverage import Coverage, Run
from secure_signal.core.errors import RetryError
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal

pytestmark = pytest.mark.integration

MANY_FAILURES = "8e5a1f7c-2f0b-4a57-9a53-0c5cf0b9d103"
ADDED = "8e5a1f7c-2f0b-4a57-9a53-0c5cf0b9d1ff"
ADDED_RULE = f"""
title: Every failure
id: {ADDED}
name: every_failure
logsource: {{product: webapp, category: authentication}}
detection:
  selection: {{outcome: failure}}
  condition: selection
level: low
"""
PAYLOAD = b'{"outcome": "failure", "ip": "10.0.0.1", "agent": "%s!"}' % (b"a" * 60)
BACKTRACKING = "8e5a1f7c-2f0b-4a57-9a53-0c5cf0b9d1fe"
BACKTRACKING_RULE = f"""
title: Without end
id: {BACKTRACKING}
logsource: {{product: webapp, category: authentication}}
detection:
  selection: {{agent|re: '(?=a)(a|aa|aaa)+$'}}
  condition: selection
level: low
"""
BOMB = "a: &a [x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


@pytest.fixture
def detector(kafka_bootstrap: str, topics: None, rules: Path) -> Iterator[Process]:
    started = Process(kafka_bootstrap, "reloading", rules)
    yield started
    started.end()


@pytest.fixture
def findings(kafka_bootstrap: str, topics: None) -> Iterator[Findings]:
    found = Findings(kafka_bootstrap)
    yield found
    found.close()


def test_good_rules_are_taken_bad_ones_refused_while_signals_flow(
    kafka_bootstrap: str,
    detector: Process,
    findings: Findings,
    rules: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = 0

    def fail(times: int = 1) -> None:
        """Failures of one user, so that all are in one partition."""
        nonlocal sent
        begin = int(time.time()) * SECOND
        made = [Signal(f"s{n}", "ann", "auth.login", begin + n, PAYLOAD) for n in range(sent, sent + times)]
        sent += times
        send(kafka_bootstrap, made)

    def judged() -> None:
        def saved() -> bool:
            with suppress(RetryError):  # The topics may be new to Kafka itself.
                return max((run.next for run in runs()), default=0) == sent
            return False

        until(saved, "all are judged, and that is saved")

    def runs() -> list[Run]:
        return [run for run in rule_coverage.read(kafka_bootstrap).runs if run.topic == topics.SIGNALS]

    def found(rule_id: str) -> list[Anomaly]:
        return [a for a in findings.read().values() if a.rule_id == rule_id]

    def in_force(ruleset: str) -> None:
        until(
            lambda: detector.metric(f'detector_ruleset_info{{ruleset="{ruleset}"}}') == 1, "they are in force"
        )

    def refused(times: int) -> Failure:
        until(lambda: detector.metric("detector_rules_reload_failures_total") == times, "they are refused")
        found: list[Failure] = []
        said = Statuses(kafka_bootstrap)

        def told() -> bool:
            found[:] = [status.failure for status in said.read() if status.failure]
            return bool(found)

        until(told, "that is said")
        return found[0]

    first = rule_files.load(rules, LOGSOURCES).hash
    fail(3)
    judged()

    (rules / "added.yml").write_text(ADDED_RULE)
    (rules / "backtracks.yml").write_text(BACKTRACKING_RULE)
    second = rule_files.load(rules, LOGSOURCES).hash
    in_force(second)
    fail()
    until(lambda: len(found(ADDED)) == 1, "the new rule finds")
    # The window of the rule that did not change went on.
    assert [(a.ruleset, len(a.evidence)) for a in found(MANY_FAILURES)] == [(second, 4)]

    (rules / "broken.yml").write_text("title: x\ndetection:\n  selection: [\n")
    (rules / "bomb.yml").write_text(BOMB)
    (rules / "large.yml").write_bytes(b"a: b\n" * 2_000_000)
    failure = refused(1)
    assert {Path(p.file).name: p.line for p in failure.problems} == {
        "broken.yml": 4,
        "bomb.yml": 6,
        "large.yml": None,
    }
    fail()
    until(lambda: len(found(ADDED)) == 2, "those from before go on")

    # A search without end is given up at each signal, and named.
    failures = f'detector_rule_failures_total{{rule="{BACKTRACKING}"}}'
    until(lambda: detector.metric(failures) == 2, "the search is given up")

    shutil.rmtree(rules)
    until(
        lambda: detector.metric("detector_rules_reload_failures_total") == 2,
        "a folder that is gone is refused",
    )
    fail()
    until(lambda: [a.ruleset for a in found(ADDED)] == [second] * 3, "those from before go on")

    shutil.copytree(RULES, rules)
    in_force(first)
    assert detector.metric("detector_rules_reload_failed") == 0
    fail(2)
    detector.kill()
    detector.start()
    fail()
    judged()
    assert len(found(ADDED)) == 3
    assert [(run.ruleset, run.first, run.next) for run in runs()] == [
        (first, 0, 3),
        (second, 3, 6),
        (first, 6, 9),
    ]

    coverage = rule_coverage.read(kafka_bootstrap)
    (partition,) = {run.partition for run in runs()}
    expected = [False] * 3 + [True] * 3 + [False] * 3
    assert [on(coverage, ADDED, partition, n) for n in range(sent)] == expected
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", kafka_bootstrap)
    table = CliRunner().invoke(app, ["rules", "coverage", "every_failure", "--since", "1h"])
    shown = re.findall(r" (\w{16})  (on|off)\b", table.output)
    assert shown == [(first, "off"), (second, "on"), (first, "off")]
    assert CliRunner().invoke(app, ["rules", "coverage", "unheard_of"]).exit_code != 0
    assert [on(coverage, MANY_FAILURES, partition, n) for n in range(sent + 1)] == [True] * sent + [None]


def on(coverage: Coverage, rule_id: str, partition: int, offset: int) -> bool | None:
    return coverage.was_on(rule_id, topics.SIGNALS, partition, offset).on
