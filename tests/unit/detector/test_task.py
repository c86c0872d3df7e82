from pathlib import Path

import msgspec
import pytest
from prometheus_client import REGISTRY
from tests.detector_lab import LOGSOURCES, RULES

from secure_signal.adapters.rule_files import load
from secure_signal.core import identity, signal
from secure_signal.core.alignment import Block
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing import window
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.instant import SECOND
from secure_signal.core.parcel import Entry, Parcel, Progress
from secure_signal.core.signal import Signal
from secure_signal.services.detector import assignment, checkpoint
from secure_signal.services.detector.checkpoint import Saved
from secure_signal.services.detector.task import Marker, MatchTask, SignalTask, Task

RULESET = load(RULES, LOGSOURCES)
MANY_USERS = "8e5a1f7c-2f0b-4a57-9a53-0c5cf0b9d104"
NOW = 1_800_000_000 * SECOND


def signals(epoch: int = 1, ruleset: RuleSet = RULESET) -> SignalTask:
    return SignalTask("signal-events", 0, Engine(ruleset), Marker("id", epoch - 1, epoch, "a", ""))


@pytest.fixture
def task() -> SignalTask:
    return signals()


def read(task: Task, *blocks: Block) -> list[Anomaly]:
    return [anomaly for block in blocks for anomaly, _ in task.read(block)[0]]


def record(offset: int, value: bytes, arrival: int = NOW // 1000) -> Block:
    return Block([offset], [arrival], [value])


def failure(offset: int, user_id: str, ahead: int = 0, arrival: int = NOW // 1000) -> Block:
    """A failed sign-in whose sender's clock is ahead by so many seconds."""
    made = Signal(str(offset), user_id, "auth.login", NOW + ahead * SECOND, b'{"outcome": "failure"}')
    return record(offset, signal.encode(made), arrival)


ODD = (
    b'{"user_id": "user-7", "type": "auth.login", "timestamp": "2026-05-01T12:00:00Z",'
    b' "payload": {"ip": "10.0.0.7"}}'
)


def test_a_signal_without_id_gets_that_of_its_record(task: SignalTask) -> None:
    first, second = read(task, Block([5, 6], [NOW // 1000] * 2, [ODD] * 2))
    assert first.evidence == [identity.of_record("id", 0, 5)]
    assert second.evidence == [identity.of_record("id", 0, 6)]


def test_a_clock_that_is_ahead_ends_nobodys_window(task: SignalTask) -> None:
    found = []
    for offset in range(0, 8, 2):
        found += read(task, failure(offset, "ann"))
        found += read(task, failure(offset + 1, f"ahead-{offset}", ahead=290))
    assert [a.user_id for a in found] == ["ann"]


def test_the_far_future_counts_in_no_window(task: SignalTask) -> None:
    for offset in range(8):
        assert not read(task, failure(offset, "ann", ahead=301))
    assert task.engine.groups == 0


def test_of_a_block_only_what_lies_in_the_far_future_counts_in_no_window(task: SignalTask) -> None:
    before = REGISTRY.get_sample_value("detector_matches_future_total") or 0
    blocks = [failure(offset, "ann", ahead=301 if offset == 1 else 0) for offset in range(5)]
    values = [block.values[0] for block in blocks]
    (found,) = read(task, Block(range(5), [NOW // 1000] * 5, values))
    assert found.evidence == ["0", "2", "3", "4"]
    assert task.engine.watermark == NOW
    assert REGISTRY.get_sample_value("detector_matches_future_total") == before + 1


def test_rules_that_look_at_one_signal_alone_find_it_whatever_time_it_claims(task: SignalTask) -> None:
    (found,) = read(task, record(5, ODD, arrival=1))
    assert found.evidence == [identity.of_record("id", 0, 5)]


def test_in_a_block_each_signal_arrives_at_a_time_of_its_own(task: SignalTask) -> None:
    blocks = [failure(0, "ann", ahead=10), failure(1, "bob", ahead=20)]
    values = [block.values[0] for block in blocks]
    task.read(Block([0, 1], [NOW // 1000, NOW // 1000 + 15_000], values))
    # The second is ahead of its own arrival, and not of the first one's.
    assert task.engine.watermark == NOW + 15 * SECOND


def test_late_signals_are_counted_and_told(task: SignalTask) -> None:
    before = REGISTRY.get_sample_value("detector_matches_late_total") or 0
    for offset, ahead in enumerate([0, -60, -61, -62]):
        task.read(failure(offset, "ann", ahead))
    task.tell()
    assert REGISTRY.get_sample_value("detector_matches_late_total") == before + 2


@pytest.mark.parametrize(
    ("counted", "metric"),
    [
        ("late", "detector_matches_late_total"),
        ("full", "detector_windows_full_total"),
        ("crowded", "detector_groups_dropped_total"),
        ("suppressed", "detector_anomalies_suppressed_total"),
    ],
)
def test_what_the_engine_counts_is_told_once(
    task: SignalTask, monkeypatch: pytest.MonkeyPatch, counted: str, metric: str
) -> None:
    before = REGISTRY.get_sample_value(metric)
    assert before is not None
    monkeypatch.setattr(Engine, counted, 3)
    task.tell()
    task.tell()
    assert REGISTRY.get_sample_value(metric) == before + 3


def test_event_time_goes_on_where_the_last_owner_left_it(task: SignalTask) -> None:
    for offset, user in enumerate(["ann", "bob"]):
        task.read(failure(offset, user, ahead=-10 * offset))
    saved = checkpoint.collect(checkpoint.entries(task), [("signal-events", 0)])["signal-events", 0]
    assert saved.marker is not None
    successor = SignalTask("signal-events", 0, Engine(RULESET), saved.marker)
    assert successor.restore(saved.groups) == 0
    assert successor.engine.watermark == task.engine.watermark == NOW


def test_records_without_a_time_count_in_their_groups_and_end_nobody_elses(task: SignalTask) -> None:
    found = []
    for offset in range(0, 8, 2):
        found += read(task, failure(offset, "ann", arrival=-1 if offset % 4 else NOW // 1000))
        found += read(task, failure(offset + 1, f"ahead-{offset}", ahead=3600, arrival=-1))
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
    changed = signals(2, load(tmp_path, LOGSOURCES))
    assert changed.restore(saved.groups) == 1
    assert changed.engine.groups == 0


def test_groups_that_another_version_saved_are_dropped(task: SignalTask) -> None:
    task.read(failure(0, "ann"))
    ((group, state),) = task.engine.changes()
    assert state is not None
    fresh = signals(2)
    broken = [b"", b"\x91\x01", state[:-1], state.replace(b"\x00", b"\xc3")]
    assert [fresh.restore({group: value}) for value in broken] == [1] * len(broken)
    assert fresh.restore({"no key": state}) == 1
    assert fresh.engine.groups == 0


def test_a_window_too_large_for_kafka_is_told_and_not_tried(
    task: SignalTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "_MAX_STATE", 80)
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
    task = SignalTask("signal-events", 0, Engine(RULESET), going_on)
    task.read(failure(0, "ann"))
    written += checkpoint.entries(task)
    known = checkpoint.collect(written, [("signal-events", 0)])["signal-events", 0]
    assert known.marker == task.marker
    assert (known.marker.topic_id, known.marker.offset) == ("new", 1)


def test_a_signal_that_is_sent_again_and_what_is_none_find_nothing(task: SignalTask) -> None:
    first, second = failure(0, "ann"), failure(1, "ann")
    values = [first.values[0], b"{", first.values[0], second.values[0], second.values[0]]
    before = [REGISTRY.get_sample_value(name) or 0 for name in COUNTED]
    task.read(Block(range(5), [NOW // 1000] * 5, values))
    after = [REGISTRY.get_sample_value(name) or 0 for name in COUNTED]
    assert [b - a for a, b in zip(before, after, strict=True)] == [2, 2, 1]


COUNTED = (
    "detector_signals_judged_total",
    "detector_signals_repeated_total",
    "detector_records_unreadable_total",
)


ALL = Progress(2**60, 2**60)
OTHERS = msgspec.msgpack.encode(Parcel("id", {1: ALL}, [], []))


def parcel(*offsets: int, user_id: str = "a") -> bytes:
    entries = [
        Entry(
            0,
            o,
            0,
            NOW,
            NOW // 1000,
            Match(MANY_USERS, (0,), ("10.0.0.1",), NOW, str(o), f"{user_id}{o}", (f"u{o}",)),
        )
        for o in offsets
    ]
    return msgspec.msgpack.encode(Parcel("id", {0: ALL}, [9, 9], entries))


@pytest.fixture
def matches() -> MatchTask:
    return MatchTask("signal-matches", 0, Engine(RULESET), Marker("id", 0, 1, "a", ""))


def test_a_match_that_was_published_again_changes_nothing(matches: MatchTask) -> None:
    matches.read(Block([0, 1], [NOW // 1000] * 2, [OTHERS, parcel(0)]))
    assert len(list(matches.engine.changes())) == 1
    matches.read(record(2, parcel(0)))
    assert not list(matches.engine.changes())
    assert matches.offset == 3


def test_what_is_held_back_is_read_again_by_the_next_owner(matches: MatchTask) -> None:
    nothing = parcel()
    read(matches, record(0, b"rubbish"), record(1, parcel(*range(8))), record(2, nothing))
    assert (matches.marker.offset, matches.offset) == (1, 3)
    successor = MatchTask("signal-matches", 0, Engine(RULESET), matches.marker)
    assert (successor.start, successor.offset) == (1, 3)
    assert not read(successor, record(1, parcel(*range(8))))
    assert successor.offset == 3
    (found,) = read(successor, record(2, nothing), record(3, OTHERS))
    assert found.evidence == [str(o) for o in range(8)]
    assert successor.marker.offset == 4


def test_after_a_restart_recent_signals_are_learnt_and_not_judged() -> None:
    later = SignalTask("signal-events", 0, Engine(RULESET), Marker("id", 200_000, 1, "a", ""))
    assert later.start == 131_072
    later.read(failure(later.start, "ann"))
    later.read(failure(199_999, "bob"))
    assert (later.offset, later.engine.groups) == (200_000, 0)


def test_failures_of_rules_are_told_once(task: SignalTask) -> None:
    task.engine.errors["a rule"] += 2
    task.tell()
    task.tell()
    assert REGISTRY.get_sample_value("detector_rule_failures_total", {"rule": "a rule"}) == 2
