"""What each rule costs: measured on the side, without a trace in the engine."""

from collections.abc import Callable
from itertools import count

from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, LATER, OTHER, RULE, SUM, signal

from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry.profile import Profile, cost
from secure_signal.core.detection.matching.backtracking import LONGEST_TEXT

FAILING = (
    FAILED.replace(RULE, OTHER)
    .replace("name: failed_login\n", "")
    .replace("{outcome: failure}", "{note|re: '(?<!x)y'}")
)


def ticks() -> Callable[[], float]:
    """A clock on which a second passes between two looks."""
    return map(float, count()).__next__


def test_each_rule_that_is_tried_has_its_time_though_it_fails(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE, FAILING))
    event = Event.of(signal(0, payload={"outcome": "failure", "note": "x" * (LONGEST_TEXT + 1)}))
    assert cost(engine, event, ticks()) == {RULE: 1.0, OTHER: 1.0}
    assert not engine.errors


def test_measuring_leaves_no_trace(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE))
    for n in range(9):
        cost(engine, Event.of(signal(n)), ticks())
    assert engine.groups == 0


def test_a_profile_adds_up(load: Load) -> None:
    engine, profile = Engine(load(FAILED, BRUTE_FORCE)), Profile()
    for n in range(2):
        profile.add(engine, Event.of(signal(n)), n, ticks())
    assert profile.seconds == {RULE: 2.0, SUM: 2.0}
    assert profile.tried == {RULE: 2, SUM: 2}
    assert profile.total == 4.0 + profile.lookup
    (found,) = engine.observe(Event.of(signal(2)), 2, LATER)
    assert found.rule_id == SUM  # The two before are in the window.
