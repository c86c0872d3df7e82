"""Rules are changed between two records: what goes on, what is dropped, and what is remembered of it."""

import shutil
from pathlib import Path

import pytest
import structlog
from prometheus_client import REGISTRY
from tests.detector_lab import LOGSOURCES, RULES

from secure_signal.adapters import rule_files
from secure_signal.adapters.settings import Settings
from secure_signal.core import signal
from secure_signal.core.alignment import Block
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import plan
from secure_signal.core.detection.engine import Engine
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal
from secure_signal.services.detector import checkpoint
from secure_signal.services.detector.checkpoint import Entry
from secure_signal.services.detector.reload import Rules
from secure_signal.services.detector.task import Marker, SignalTask

SIGNALS = ("signal-events", 0)
NOW = 1_800_000_000 * SECOND


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RULES, tmp_path / "rules"))


def change(folder: Path, before: str, after: str) -> None:
    file = folder / "logins.yml"
    file.write_text(file.read_text().replace(before, after))


def engine(folder: Path) -> Engine:
    return Engine(rule_files.load(folder, LOGSOURCES))


def fail(task: SignalTask, *offsets: int) -> list[Anomaly]:
    """Failed sign-ins of one user."""
    made = [Signal(str(n), "ann", "auth.login", NOW + n, b'{"outcome": "failure"}') for n in offsets]
    found, _ = task.read(Block(list(offsets), [NOW // 1000] * len(offsets), list(map(signal.encode, made))))
    return [anomaly for anomaly, _ in found]


def saved(written: list[Entry]) -> tuple[int, list[tuple[str, int, int]]]:
    """How many groups are on the topic, and the runs: rule set, first and next offset."""
    there = checkpoint.collect(written, [SIGNALS])[SIGNALS]
    runs = sorted(there.runs.values(), key=lambda run: run.first)
    return len(there.groups), [(run.ruleset, run.first, run.next) for run in runs]


def test_windows_of_unchanged_rules_go_on_and_each_rule_set_has_its_run(folder: Path) -> None:
    old = engine(folder)
    change(folder, "Many failures", "Too many failures")
    new = engine(folder)
    task = SignalTask(*SIGNALS, old, Marker("id", 0, 1, "a", ""))
    assert fail(task, 0, 1, 2) == []
    assert task.reload(new) == 0
    (found,) = fail(task, 3)
    assert (found.ruleset, found.rule_title) == (new.ruleset.hash, "Too many failures of one user")
    assert found.evidence == ["0", "1", "2", "3"]
    written = list(checkpoint.entries(task))
    assert saved(written) == (1, [(old.ruleset.hash, 0, 3), (new.ruleset.hash, 3, 4)])
    marker = next(n for n, (key, _) in enumerate(written) if key == "signal-events/0/1-a")
    assert {n for n, (key, _) in enumerate(written) if key.startswith("coverage/")} < set(range(marker))


def test_windows_of_changed_rules_are_dropped_from_the_topic_too(folder: Path) -> None:
    task = SignalTask(*SIGNALS, engine(folder), Marker("id", 0, 1, "a", ""))
    fail(task, 0, 1, 2)
    written = list(checkpoint.entries(task))
    task.mark_saved()
    assert saved(written)[0] == 1
    change(folder, "gte: 4", "gte: 5")
    assert task.reload(engine(folder)) == 1
    assert task.has_moved
    written += checkpoint.entries(task)
    assert saved(written)[0] == 0
    assert [len(a.evidence) for a in fail(task, 3, 4, 5, 6, 7)] == [5]


def test_new_rules_are_compiled_for_the_types_that_come_before_they_are_in_force(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = Rules(Settings(rules=folder, logsources=LOGSOURCES, kafka_bootstrap_servers="127.0.0.1:1"))
    task = SignalTask(*SIGNALS, Engine(rules.current), Marker("id", 0, 1, "a", ""))
    fail(task, 0)
    change(folder, "outcome: failure", "outcome: fail*")
    rules._load()
    assert rules._found is not None
    task.reload(Engine(rules._found))
    monkeypatch.setattr(plan, "compile_node", lambda *_: pytest.fail("compiled while a signal waits"))
    assert len(fail(task, *range(1, 6))) == 1


def test_whatever_makes_the_loader_fail_the_rules_in_force_stay(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(rules=folder, logsources=LOGSOURCES, kafka_bootstrap_servers="127.0.0.1:1")
    rules = Rules(settings)
    before, failures = rules.current, REGISTRY.get_sample_value("detector_rules_reload_failures_total") or 0

    def fails(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch, structlog.testing.capture_logs() as logs:
        patch.setattr(rule_files, "check", fails)
        rules._load()
    assert rules.current is before
    assert "MemoryError" in str(logs)
    assert REGISTRY.get_sample_value("detector_rules_reload_failures_total") == failures + 1
    assert REGISTRY.get_sample_value("detector_rules_reload_failed") == 1
    rules._load()
    assert REGISTRY.get_sample_value("detector_rules_reload_failed") == 0
