from pathlib import Path

import pytest
from tests.integration.detector_lab import LOGSOURCES, RULES

from secure_signal.adapters.rule_files import load
from secure_signal.core import signal
from secure_signal.core.alignment import Record
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal
from secure_signal.services.detector import checkpoint
from secure_signal.services.detector.task import Marker, SignalTask

RULESET = load(RULES, LOGSOURCES)
NOW = 1_800_000_000 * SECOND


@pytest.fixture
def task() -> SignalTask:
    return SignalTask("signal-events", 0, RULESET, Marker("id", 0, 1, ""))


def failure(offset: int, user_id: str, ahead: int = 0) -> Record:
    """A failed sign-in whose sender's clock is ahead by so many seconds."""
    made = Signal(str(offset), user_id, "auth.login", NOW + ahead * SECOND, b'{"outcome": "failure"}')
    return Record(offset, NOW // 1000, signal.encode(made))


def test_a_clock_that_is_ahead_ends_nobodys_window(task: SignalTask) -> None:
    found = []
    for offset in range(0, 8, 2):
        found += task.read(failure(offset, "ann"))[0]
        found += task.read(failure(offset + 1, f"ahead-{offset}", ahead=290))[0]
    assert [a.user_id for a in found] == ["ann"]


def test_the_far_future_counts_in_no_window(task: SignalTask) -> None:
    for offset in range(8):
        assert not task.read(failure(offset, "ann", ahead=301))[0]
    assert task.engine.groups == 0


def test_groups_of_a_rule_that_means_something_else_now_are_dropped(task: SignalTask, tmp_path: Path) -> None:
    task.read(failure(0, "ann"))
    saved = checkpoint.collect(checkpoint.entries(task), [("signal-events", 0)])["signal-events", 0]
    (tmp_path / "logins.yml").write_text((RULES / "logins.yml").read_text().replace("gte: 4", "gte: 3"))
    changed = SignalTask("signal-events", 0, load(tmp_path, LOGSOURCES), Marker("id", 1, 2, ""))
    assert changed.restore(saved.groups) == 1
    assert changed.engine.groups == 0
    assert [value for _, value in checkpoint.entries(changed)][-1] is None
