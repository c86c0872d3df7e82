"""Backtests: the same answer wherever they begin, and what a change of rules adds and removes."""

from itertools import accumulate

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, LATER, OTHER, RULE, START, SUM, signal

from secure_signal.core import instant
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry.backtest import Backtest, Outcome, warm_up
from secure_signal.core.detection.inquiry.difference import Change
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.instant import SECOND

LOUD = FAILED.replace("level: low", "level: low\nstatus: test")
STRICTER = BRUTE_FORCE.replace("gte: 3", "gte: 2")

CHAINED = f"""
title: Two bursts
id: {OTHER}
correlation:
  type: event_count
  rules: {SUM}
  group-by: user_id
  timespan: 30s
  generate: true
  condition: {{gte: 2}}
"""


def failures(*seconds: float, user: str = "alice") -> list[Event]:
    return [Event.of(signal(s, user, number=n)) for n, s in enumerate(seconds)]


def outcomes(
    new: RuleSet, old: RuleSet | None, events: list[Event], since: int = START
) -> dict[str, Outcome]:
    run = Backtest(new, old, since, LATER, examples=100)
    for _ in run.run(events):
        pass
    return {outcome.rule_id: outcome for outcome in run.ranked()}


def counts(outcome: Outcome) -> tuple[int, ...]:
    return outcome.found, outcome.before, outcome.added, outcome.removed, outcome.moved


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.sampled_from([1, 3, 4, 5, 11]), min_size=1, max_size=30).map(
        lambda gaps: list(accumulate(gaps))
    ),
    st.integers(0, 100),
)
@example([1, 5, 9, 13], 13)
def test_windows_are_right_from_the_first_instant_on(load: Load, seconds: list[int], begin: int) -> None:
    ruleset, events = load(FAILED, BRUTE_FORCE, CHAINED), failures(*seconds)
    since = START + begin * SECOND
    engine = Engine(ruleset)
    whole = [a for a in engine.observe_all(events, 0, LATER) if instant.parse(a.event_time) >= since]
    read = [event for event in events if event.timestamp >= since - warm_up([ruleset])]
    found = [a for o in outcomes(ruleset, None, read, since).values() for a in o.examples[Change.ADDED]]
    assert {anomaly.id for anomaly in found} == {anomaly.id for anomaly in whole}


def test_what_both_find_at_another_signal_is_no_change(load: Load) -> None:
    old, new = load(FAILED, BRUTE_FORCE), load(FAILED, STRICTER)
    found = outcomes(new, old, [*failures(0, 1, 2), *failures(100, 101)])
    assert counts(found[SUM]) == (2, 1, 1, 0, 1)
    assert [a.evidence[-1] for a in found[SUM].examples[Change.MOVED]] == [failures(0, 1)[1].id]


def test_what_is_of_another_group_or_time_is_a_change(load: Load) -> None:
    old, new = load(FAILED, BRUTE_FORCE.replace("user_id", "ip")), load(FAILED, BRUTE_FORCE)
    event = Event.of(signal(0, payload={"outcome": "failure", "ip": "192.0.2.1"}))
    assert outcomes(new, old, [event]) == {}
    events = [Event.of(signal(s, payload={"outcome": "failure", "ip": "192.0.2.1"})) for s in range(3)]
    assert counts(outcomes(new, old, events)[SUM]) == (1, 1, 1, 1, 0)


def test_a_rule_that_is_gone_and_one_that_is_new(load: Load) -> None:
    old, new = load(LOUD), load(FAILED, BRUTE_FORCE)
    found = outcomes(new, old, failures(0, 1, 2))
    assert counts(found[RULE]) == (0, 3, 0, 3, 0)
    assert counts(found[SUM]) == (1, 0, 1, 0, 0)


def test_without_a_change_all_is_the_same(load: Load) -> None:
    found = outcomes(load(LOUD), load(LOUD), failures(0, 1, 2))
    assert counts(found[RULE]) == (3, 3, 0, 0, 0)
    assert not found[RULE].examples


def test_lone_anomalies_of_many_groups_are_told_before_the_end(load: Load) -> None:
    old, new = load(LOUD), load(FAILED, BRUTE_FORCE)
    run = Backtest(new, old, START, LATER, examples=0)
    events = [
        e for user in range(1_500) for e in failures(*(20 * user + n for n in range(3)), user=f"u{user}")
    ]
    told = [run.outcomes[SUM].added for _ in run.run(events)]
    assert told[-1] > 1_000
    assert run.outcomes[SUM].added == 1_500
