from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY
from tests.detector_lab import LOGSOURCES, RULES

from secure_signal.adapters.rule_files import load
from secure_signal.core import identity, signal
from secure_signal.core.alignment import Record
from secure_signal.core.detection import window
from secure_signal.core.detection.match import Match
from secure_signal.core.fence import Source
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal
from secure_signal.services.detector import assignment, checkpoint
from secure_signal.services.detector.checkpoint import Saved
from secure_signal.services.detector.task import Forward, Marker, MatchTask, SignalTask, encode

RULESET = load(RULES, LOGSOURCES)
MANY_USERS = "8e5a1f7c-2f0b-4a57-9a53-0c5cf0b9d104"
NOW = 1_800_000_000 * SECOND


@pytest.fixture
def task() -> SignalTask:
    return SignalTask("signal-events", 0, RULESET, Marker("id", 0, 1, "a", ""))


def failure(offset: int, user_id: str, ahead: int = 0) -> Record:
    """A failed sign-in whose sender's clock is ahead by so many seconds."""
    made = Signal(str(offset), user_id, "auth.login", NOW + ahead * SECOND, b'{"outcome": "failure"}')
    return Record(offset, NOW // 1000, signal.encode(made))


def test_a_signal_without_id_gets_that_of_its_record(task: SignalTask) -> None:
    value = (
        b'{"user_id": "user-7", "type": "auth.login", "timestamp": "2026-05-01T12:00:00Z",'
        b' "payload": {"ip": "10.0.0.7"}}'
    )
    (first,), _ = task.read(Record(5, NOW // 1000, value))
    (second,), _ = task.read(Record(6, NOW // 1000, value))
    assert first.evidence == [identity.of_record("id", 0, 5)]
    assert second.evidence == [identity.of_record("id", 0, 6)]


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


def test_records_without_a_time_count_in_their_groups_and_end_nobody_elses(task: SignalTask) -> None:
    found = []
    for offset in range(0, 8, 2):
        found += task.read(replace(failure(offset, "ann"), timestamp=-1 if offset % 4 else NOW // 1000))[0]
        found += task.read(replace(failure(offset + 1, f"ahead-{offset}", ahead=3600), timestamp=-1))[0]
    assert [a.user_id for a in found] == ["ann"]
    assert task.engine.watermark == NOW


def test_what_a_window_has_no_room_for_is_told(task: SignalTask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "CAPACITY", 5)
    before = REGISTRY.get_sample_value("detector_windows_full_total") or 0
    for offset in range(8):
        task.read(failure(offset, "ann"))
    task.tell()
    task.tell()
    assert REGISTRY.get_sample_value("detector_windows_full_total") == before + 3


def test_groups_of_a_rule_that_means_something_else_now_are_dropped(task: SignalTask, tmp_path: Path) -> None:
    task.read(failure(0, "ann"))
    saved = checkpoint.collect(checkpoint.entries(task), [("signal-events", 0)])["signal-events", 0]
    (tmp_path / "logins.yml").write_text((RULES / "logins.yml").read_text().replace("gte: 4", "gte: 3"))
    changed = SignalTask("signal-events", 0, load(tmp_path, LOGSOURCES), Marker("id", 1, 2, "b", ""))
    assert changed.restore(saved.groups) == 1
    assert changed.engine.groups == 0


def test_groups_that_another_version_saved_are_dropped(task: SignalTask) -> None:
    task.read(failure(0, "ann"))
    ((group, state),) = task.engine.changes()
    assert state is not None
    fresh = SignalTask("signal-events", 0, RULESET, Marker("id", 1, 2, "b", ""))
    broken = [b"", b"\x91\x01", state[:-1], state.replace(b"\x00", b"\xc3")]
    assert [fresh.restore({group: value}) for value in broken] == [1] * len(broken)
    assert fresh.restore({"no key": state}) == 1
    assert fresh.engine.groups == 0


def test_a_window_too_large_for_kafka_is_told_and_not_tried(
    task: SignalTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "_MAX_STATE", 60)
    before = REGISTRY.get_sample_value("detector_windows_unsaved_total") or 0
    for offset in range(2):
        task.read(failure(offset, "ann"))
    task.read(failure(2, "b"))
    assert [value is None for _, value in checkpoint.entries(task)].count(True) == 0
    for offset in range(3, 10):
        task.read(failure(offset, "ann"))
    (_, marker, large) = checkpoint.entries(task)
    assert (marker[0], large[1]) == ("signal-events/0/1-a", None)
    assert REGISTRY.get_sample_value("detector_windows_unsaved_total") == before + 1


def test_after_a_topic_was_made_anew_its_new_marker_counts() -> None:
    old = Saved(epoch=7, keys=["signal-events/0/7-a"])
    going_on = assignment.marker(old, "new", 0, owner="b")
    written: list[checkpoint.Entry] = [
        ("signal-events/0/7-a", msgspec.json.encode(Marker("old", 500, 7, "a", "")))
    ]
    task = SignalTask("signal-events", 0, RULESET, going_on)
    task.read(failure(0, "ann"))
    written += checkpoint.entries(task)
    known = checkpoint.collect(written, [("signal-events", 0)])["signal-events", 0]
    assert known.marker == task.marker
    assert (known.marker.topic_id, known.marker.offset) == ("new", 1)


def test_a_match_that_was_published_again_changes_nothing() -> None:
    task = MatchTask("signal-matches", 0, RULESET, Marker("id", 0, 1, "a", ""))
    match = Match(
        correlation=MANY_USERS, slots=(0,), group=("10.0.0.1",), time=NOW, signal_id="1", user_id="a"
    )
    published = encode(Forward(Source("id", 0, 0, 0), match))
    task.read(Record(0, NOW // 1000, published))
    assert len(list(task.engine.changes())) == 1
    task.read(Record(1, NOW // 1000, published))
    assert not list(task.engine.changes())
    assert task.offset == 2
