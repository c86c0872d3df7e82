"""What a group was told of stays so over a restart, whatever is read twice."""

from dataclasses import replace

from tests.unit.detection.test_window import rule

from secure_signal.core.detection.rules.correlation import Kind
from secure_signal.core.detection.windowing.suppression import Suppression

RULE = replace(rule(Kind.EVENT_COUNT, "gte", 1), suppress=100)
KEY = '["c","ann"]'


def silences(suppression: Suppression, time: int, position: int) -> bool:
    return suppression.silences(RULE, KEY, time, position, 0)


def restored(old: Suppression) -> Suppression:
    new = Suppression([RULE], 0)
    assert all(new.restore(key, state) for key, state in old.changes() if state is not None)
    return new


def test_an_anomaly_that_is_found_again_after_a_restore_is_not_told_again() -> None:
    # Told at 0, and again at 200; the first, read twice, is too far from the last to be suppressed by it.
    before = Suppression([RULE], 0)
    assert [silences(before, time, position) for position, time in enumerate([0, 200])] == [False, False]
    after = restored(before)
    assert [silences(after, time, position) for position, time in enumerate([0, 200, 250, 300])] == [
        True,
        True,
        True,
        False,
    ]


def test_without_a_restore_two_of_one_position_are_told() -> None:
    # One late signal may open two episodes that are far apart.
    suppression = Suppression([RULE], 0)
    assert [silences(suppression, 0, 7), silences(suppression, 200, 7)] == [False, False]
