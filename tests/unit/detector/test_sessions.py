import pytest

from secure_signal.core.sessions import MINUTE, MINUTES, Sessions

NOW = 60 * MINUTE


def test_a_user_counts_once_and_for_thirty_minutes() -> None:
    sessions = Sessions()
    sessions.saw([("ann", 0)], NOW)
    sessions.saw([("ann", 5 * MINUTE)], NOW)
    sessions.saw([("bob", 10 * MINUTE)], NOW)
    assert sessions.count() == 2
    sessions.saw([("cyd", (5 + MINUTES) * MINUTE)], NOW)
    assert sessions.count() == 2
    sessions.saw([("ann", 0)], NOW)
    assert sessions.count() == 2


def test_a_timestamp_ahead_of_the_clock_does_not_end_everybodys_session() -> None:
    sessions = Sessions()
    sessions.saw([("ann", NOW)], NOW)
    sessions.saw([("eve", NOW + 1000 * MINUTE)], NOW)
    assert sessions.count() == 1


def test_many_users_are_estimated() -> None:
    sessions = Sessions()
    sessions.saw([(f"user-{number}", NOW - number % 1000) for number in range(100_000)], NOW)
    assert sessions.count() == pytest.approx(100_000, rel=0.02)


def test_a_late_signal_neither_ends_nor_shortens_a_session() -> None:
    sessions = Sessions()
    sessions.saw([("ann", 20 * MINUTE), ("bob", 10 * MINUTE), ("ann", 5 * MINUTE)], NOW)
    assert sessions.count() == 2
    sessions.saw([("cyd", (10 + MINUTES) * MINUTE)], NOW)
    assert sessions.count() == 2
    sessions.saw([("cyd", (20 + MINUTES) * MINUTE)], NOW)
    assert sessions.count() == 1


def test_after_a_long_quiet_time_nobody_is_left() -> None:
    sessions = Sessions()
    sessions.saw([(str(minute), minute * MINUTE) for minute in range(40)], NOW)
    assert sessions.count() == MINUTES
    sessions.saw([("ann", 59 * MINUTE)], NOW)
    assert sessions.count() == 11
