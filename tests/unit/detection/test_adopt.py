"""A new rule set takes over where the old one was: what did not change goes on as if nothing had happened."""

from pathlib import Path

from tests.detector_lab import LOGSOURCES, RULES, sprees

from secure_signal.adapters.rule_files import load
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event

EVENTS = [Event.of(signal) for signal in sprees(20, seed=9)]


def changed(folder: Path, *pairs: tuple[str, str]) -> Engine:
    text = (RULES / "logins.yml").read_text()
    for before, after in pairs:
        text = text.replace(before, after)
    (folder / "logins.yml").write_text(text)
    return Engine(load(folder, LOGSOURCES))


def test_at_whatever_record_unchanged_rules_are_loaded_anew_the_same_is_found(tmp_path: Path) -> None:
    whole = changed(tmp_path).observe_all(EVENTS, 0, EVENTS[-1].timestamp)
    assert whole
    for boundary in range(0, len(EVENTS), 7):
        old, new = changed(tmp_path), changed(tmp_path, ("Many failures", "Far too many failures"))
        found = old.observe_all(EVENTS[:boundary], 0, EVENTS[-1].timestamp)
        assert new.adopt(old) == 0
        found += new.observe_all(EVENTS[boundary:], boundary, EVENTS[-1].timestamp)
        assert [a.id for a in found] == [a.id for a in whole]
        titles = {a.rule_title for a in found[-1:]}
        assert titles <= {"Far too many failures of one user", "Many users at one address"}
        assert found[-1].ruleset == new.ruleset.hash


def test_groups_of_a_changed_rule_are_dropped_and_the_state_of_the_rest_is_the_same(tmp_path: Path) -> None:
    old, new = changed(tmp_path), changed(tmp_path, ("gte: 8", "gte: 9"))
    half = len(EVENTS) // 2
    old.observe_all(EVENTS[:half], 0, EVENTS[-1].timestamp)
    before = dict(old.changes())
    old.observe_all(EVENTS[half:], half, EVENTS[-1].timestamp)
    before |= dict(old.changes())
    old.observe_all(EVENTS[:1], len(EVENTS), EVENTS[-1].timestamp)
    groups = old.groups
    dropped = new.adopt(old)
    assert 0 < dropped < groups
    assert new.groups == groups - dropped
    told = dict(new.changes())
    # What is left on the topic is what the new engine holds.
    left = {key: state for key, state in (before | told).items() if state is not None}
    restored = changed(tmp_path, ("gte: 8", "gte: 9"))
    assert all(restored.restore(key, state) for key, state in left.items())
    assert restored.groups == new.groups
    assert new.watermark == old.watermark
