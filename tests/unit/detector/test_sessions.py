import pytest

from secure_signal.core.sessions import MINUTE, MINUTES, Sessions

NOW = 60 * MINUTE


def test_a_user_counts_once_and_for_thirty_minutes() -> None:
    sessions = Sessions()
    sessions.saw("ann", 0, NOW)
    sessions.saw("ann", 5 * MINUTE, NOW)
    sessions.saw("bob", 10 * MINUTE, NOW)
    assert sessions.count() == 2
    sessions.saw("cyd", (5 + MINUTES) * MINUTE, NOW)
    assert sessions.count() == 2
    sessions.saw("ann", 0, NOW)
    assert sessions.count() == 2


def test_a_timestamp_ahead_of_the_clock_does_not_end_everybodys_session() -> None:
    sessions = Sessions()
    sessions.saw("ann", NOW, NOW)
    sessions.saw("eve", NOW + 1000 * MINUTE, NOW)
    assert sessions.count() == 1


def test_many_users_are_estimated() -> None:
    sessions = Sessions()
    for number in range(100_000):
        sessions.saw(f"user-{number}", NOW - number % 1000, NOW)
    assert sessions.count() == pytest.approx(100_000, rel=0.02)
