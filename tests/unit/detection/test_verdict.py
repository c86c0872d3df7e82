"""Why a rule found nothing at a signal: always what the engine itself did with it."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from threading import Lock
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, LATER, OTHER, RULE, SUM, signal

from secure_signal.core import instant
from secure_signal.core.detection.engine import LATENESS, Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry import circumstance, verdict
from secure_signal.core.detection.inquiry.coverage import Evaluation, Presence, Run
from secure_signal.core.detection.inquiry.sighting import Outcome
from secure_signal.core.detection.inquiry.verdict import Past, Reason, Verdict
from secure_signal.core.detection.rules.rule_list import RuleHead
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.instant import SECOND

IN_ORDER = f"""
title: Fail, then succeed
id: {OTHER}
correlation:
  type: temporal_ordered
  rules: [failed_login, login]
  group-by: user_id
  timespan: 10s
"""
SUCCEEDED = """
title: Login
id: 44444444-4444-4444-8444-444444444444
name: login
logsource: {product: app}
detection: {sel: {outcome: success}, condition: sel}
"""


CHAINED = f"""
title: Two bursts
id: {OTHER}
correlation:
  type: event_count
  rules: {SUM}
  group-by: user_id
  timespan: 40s
  condition: {{gte: 2}}
"""
# Its innermost rule calls the field ip "address", and the outermost asks for it by that name.
THREE_DEEP = f"""
title: Two failures from an address
id: {SUM}
name: inner
correlation:
  type: event_count
  rules: failed_login
  group-by: address
  aliases: {{address: {{failed_login: ip}}}}
  timespan: 10s
  condition: {{gte: 2}}
---
title: Such a user
id: 55555555-5555-4555-8555-555555555555
name: middle
correlation: {{type: event_count, rules: inner, group-by: user_id, timespan: 10s, condition: {{gte: 1}}}}
---
title: Such an address
id: {OTHER}
correlation: {{type: event_count, rules: middle, group-by: address, timespan: 10s, condition: {{gte: 1}}}}
"""
TOGETHER = BRUTE_FORCE.replace("  group-by: user_id\n", "")


def past(events: Iterable[Event]) -> Past:
    """Stored signals, as PostgreSQL would tell of them: a connection that is being read from is busy."""
    stored, connection = list(events), Lock()

    def read(since: int, until: int, user: str | None) -> Iterator[Event]:
        assert connection.acquire(blocking=False), "somebody still reads"
        try:
            yield from (e for e in stored if since <= e.timestamp < until and user in (None, e.user_id))
        finally:
            connection.release()

    return read


def judge(ruleset: RuleSet, rule_id: str, event: Event, events: Iterable[Event] = ()) -> Verdict:
    rule = next(rule for rule in ruleset.rules if rule.id == rule_id)
    (told,) = verdict.of(ruleset, rule, event, past(events or [event]), LATER)
    return told


def seen(payload: Any = None, kind: str = "auth.login") -> Event:
    return Event.of(signal(0, kind=kind, payload=payload))


@pytest.mark.parametrize("rules", [(BRUTE_FORCE,), (TOGETHER,), (BRUTE_FORCE, CHAINED), (TOGETHER, CHAINED)])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 12), st.sampled_from(["alice", "bob"])), min_size=1, max_size=25))
def test_a_signal_opens_an_episode_where_the_engine_says_so(
    load: Load, rules: tuple[str, ...], steps: list[tuple[int, str]]
) -> None:
    ruleset = load(FAILED, *rules)
    seconds = accumulate(gap for gap, _ in steps)
    events = [Event.of(signal(s, user)) for s, (_, user) in zip(seconds, steps, strict=True)]
    speaker = next(rule for rule in ruleset.rules if rule.speaks)
    found = {a.event_time: a.id for a in Engine(ruleset).observe_all(events, 0, LATER)}
    for event in events:
        told = judge(ruleset, speaker.id, event, events)
        opened = told.reason is Reason.FOUND and told.anomaly is not None
        assert opened == (instant.render(event.timestamp) in found)
        if told.anomaly is not None:
            assert told.anomaly.id in found.values()
            assert not opened or told.anomaly.id == found[instant.render(event.timestamp)]


def test_what_a_correlation_lists_is_told_where_it_found_nothing(load: Load) -> None:
    events = [Event.of(signal(s)) for s in range(2)]
    told = judge(load(FAILED, BRUTE_FORCE, CHAINED), OTHER, events[-1], events)
    assert told.reason is Reason.NOT_CROSSED
    assert told.text.startswith("It counts what Brute force finds. Of that: The condition is false: 2 in")


def test_what_another_correlation_found_is_in_the_window(load: Load) -> None:
    ruleset = load(FAILED, BRUTE_FORCE, CHAINED)
    events = [Event.of(signal(s)) for s in (0, 1, 2, 20, 21, 22)]
    told = judge(ruleset, OTHER, events[-1], events)
    (found,) = Engine(ruleset).observe_all(events, 0, LATER)
    assert told.window is not None
    assert [each.id for each in told.window.signals] == found.evidence
    windows = [each.found.evidence for each in told.window.signals if each.found is not None]
    assert windows == [[e.id for e in events[:3]], [e.id for e in events[3:]]]
    assert (told.reason, told.anomaly and told.anomaly.id) == (Reason.FOUND, found.id)


def test_what_the_innermost_rule_is_grouped_by_is_a_field_of_the_outermost(load: Load) -> None:
    ruleset = load(FAILED, THREE_DEEP)
    events = [Event.of(signal(s, payload={"outcome": "failure", "ip": "192.0.2.1"})) for s in range(2)]
    told = judge(ruleset, OTHER, events[-1], events)
    (found,) = Engine(ruleset).observe_all(events, 0, LATER)
    assert found.group == {"address": "192.0.2.1"}
    assert (told.reason, told.anomaly) == (Reason.FOUND, found)


def test_a_window_that_lacks_signals(load: Load) -> None:
    events = [Event.of(signal(s)) for s in (0, 8, 11)]
    told = judge(load(FAILED, BRUTE_FORCE), SUM, events[-1], events)
    assert told.reason is Reason.NOT_CROSSED
    assert told.text == "The condition is false: 2 in the 10 seconds up to this signal, and ≥ 3 is wanted."
    assert told.window is not None
    assert [each.id for each in told.window.signals] == [each.id for each in events[1:]]
    assert told.window.signals[0].fields == {"outcome": "failure"}


def test_an_episode_that_is_open_names_its_anomaly(load: Load) -> None:
    events = [Event.of(signal(s)) for s in range(4)]
    told = judge(load(FAILED, BRUTE_FORCE), SUM, events[-1], events)
    assert told.reason is Reason.EPISODE_OPEN
    assert told.anomaly is not None
    assert told.anomaly.evidence[-1] == events[2].id


def test_each_rule_of_an_order_is_told(load: Load) -> None:
    told = judge(load(FAILED, SUCCEEDED, IN_ORDER), OTHER, seen())
    assert told.window is not None
    assert (told.reason, told.window.rules) == (Reason.NOT_CROSSED, {"Failed login": 1, "Login": 0})
    assert [each.outcome for each in told.sightings] == [Outcome.MATCHED, Outcome.CONDITION_FALSE]


@pytest.mark.parametrize(
    ("rule", "event", "outcome", "reason"),
    [
        (FAILED, seen(kind="auth.logout"), Outcome.MATCHED, ""),
        (FAILED, seen({"outcome": "success"}), Outcome.CONDITION_FALSE, "its condition is false"),
        (FAILED, seen(kind="file.read"), Outcome.NOT_ROUTED, "mapped to the type file.read"),
        (
            FAILED.replace("}\ndet", ", service: x}\ndet"),
            seen(),
            Outcome.NOT_ROUTED,
            "service idp, the rule's",
        ),
        (
            FAILED.replace("outcome", "outcome|expand").replace("failure", "'%x%'"),
            seen(),
            Outcome.NEVER_FIRES,
            "%x%",
        ),
        (
            FAILED.replace("outcome: failure", "outcome|re: (?=x)y"),
            seen({"outcome": "x" * 20_000}),
            Outcome.GIVEN_UP,
            "too long",
        ),
    ],
)
def test_a_detection_says_what_is_in_the_way(
    load: Load, rule: str, event: Event, outcome: Outcome, reason: str
) -> None:
    (sighting,) = judge(load(rule), RULE, event).sightings
    assert sighting.outcome is outcome
    assert reason in sighting.reason


def test_a_detection_that_matches_has_its_anomaly(load: Load) -> None:
    told = judge(load(FAILED), RULE, seen())
    (found,) = Engine(load(FAILED)).observe(seen(), 0, LATER)
    assert (told.reason, told.anomaly) == (Reason.FOUND, found)


def test_a_rule_that_is_counted_is_silent(load: Load) -> None:
    told = judge(load(FAILED, BRUTE_FORCE), RULE, seen())
    assert told.reason is Reason.SILENT
    assert "what it finds is counted by Brute force" in told.text


def test_a_correlation_that_is_counted_is_silent(load: Load) -> None:
    events = [Event.of(signal(s)) for s in range(3)]
    told = judge(load(FAILED, BRUTE_FORCE, CHAINED), SUM, events[-1], events)
    assert (told.reason, told.anomaly) == (Reason.SILENT, None)
    assert "what it finds is counted by Two bursts" in told.text
    later = Event.of(signal(3))
    told = judge(load(FAILED, BRUTE_FORCE, CHAINED), SUM, later, [*events, later])
    assert (told.reason, told.anomaly) == (Reason.EPISODE_OPEN, None)


def test_a_rule_that_the_engine_gives_up_is_told(load: Load) -> None:
    rule = FAILED.replace("sel: {outcome: failure}", "sel: [{a|re: (?=x)y}, {outcome|re: fail}]")
    told = judge(load(rule), RULE, seen({"outcome": "failure", "a": "x" * 20_000}))
    assert told.sightings[0].outcome is Outcome.MATCHED
    assert (told.reason, "took too long" in told.text) == (Reason.NOT_MATCHED, True)


def test_rules_that_matched_in_another_order_are_told_so(load: Load) -> None:
    events = [Event.of(signal(0, payload={"outcome": "success"})), Event.of(signal(1))]
    told = judge(load(FAILED, SUCCEEDED, IN_ORDER), OTHER, events[-1], events)
    assert told.reason is Reason.NOT_CROSSED
    assert "All rules matched" in told.text
    assert told.text.endswith(
        "but not in the order that is wanted, at rising times: Failed login, then Login."
    )


def test_what_was_suppressed_names_the_anomaly_before(load: Load) -> None:
    ruleset = load(FAILED, f"{BRUTE_FORCE}secure_signal: {{suppress: 1m}}\n")
    events = [Event.of(signal(s)) for s in (0, 1, 2, 30, 31, 32)]
    told = judge(ruleset, SUM, events[-1], events)
    (found,) = Engine(ruleset).observe_all(events, 0, LATER)
    assert (told.reason, told.anomaly) == (Reason.SUPPRESSED, found)


def test_an_episode_that_opened_while_suppressed_is_told_as_such_while_it_goes_on(load: Load) -> None:
    ruleset = load(FAILED, f"{BRUTE_FORCE}secure_signal: {{suppress: 1m}}\n")
    events = [Event.of(signal(s)) for s in (0, 1, 2, *range(50, 70))]
    told = judge(ruleset, SUM, events[-1], events)
    (found,) = Engine(ruleset).observe_all(events, 0, LATER)
    assert (told.reason, told.anomaly) == (Reason.SUPPRESSED, found)
    opened, last = (instant.render(events[at].timestamp) for at in (5, 2))
    assert f"opened at {opened}, while the rule was silent for 1 minute" in told.text
    assert f"last anomaly, at {last}" in told.text


def test_a_signal_without_its_group(load: Load) -> None:
    told = judge(load(FAILED, BRUTE_FORCE.replace("user_id", "ip")), SUM, seen())
    assert (told.reason, told.text) == (
        Reason.NO_GROUP,
        "The signal cannot be grouped: it has no ip of a single value.",
    )


@pytest.mark.parametrize(
    ("ahead", "words"),
    [(301, "5 minutes ahead"), (0, ""), (-60, ""), (-90, "90 seconds after its timestamp")],
)
def test_late_and_early_signals_are_told(load: Load, ahead: int, words: str) -> None:
    (rule,) = load(FAILED, BRUTE_FORCE).correlations
    told = " ".join(circumstance.of_arrival(rule, 1000 * SECOND, (1000 - ahead) * SECOND, LATENESS))
    assert words in told
    assert bool(words) == bool(told)


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ([1000, 1060], []),
        ([1061, 1000, 2000], ["2 came more than 1 minute after"]),
        ([699, 1061], ["1 came", "1 lay"]),
    ],
)
def test_what_came_late_or_early_of_the_rest_of_a_window_is_told(stored: list[int], words: list[str]) -> None:
    told = list(circumstance.of_others([(1000 * SECOND, at * SECOND) for at in stored], LATENESS))
    assert len(told) == len(words)
    assert all(word in sentence for word, sentence in zip(words, told, strict=True))


def test_what_rules_were_on_is_told(load: Load) -> None:
    (rule,) = load(FAILED, BRUTE_FORCE).correlations
    run = Run("signal-events", 0, "t", "abc", 0, 9)
    same = RuleHead(rule.id, rule.title, rule.anomaly_type, "correlation", "high", rule.digest)
    other = RuleHead(rule.id, rule.title, rule.anomaly_type, "correlation", "high", "other")

    def told(*evaluations: Evaluation) -> str:
        return " ".join(circumstance.of_presence(rule, Presence(evaluations)))

    assert "not remembered" in told()
    assert "was not on" in told(Evaluation(run, None))
    assert "for a part only" in told(Evaluation(run, None), Evaluation(run, same))
    assert "meant something else" in told(Evaluation(run, other))
    assert "began anew" in told(Evaluation(run, other), Evaluation(run, same))
    assert "as it is loaded here" in told(Evaluation(run, same))
