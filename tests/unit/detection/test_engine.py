"""The engine as its callers see it: routing, groups, lateness, positions, state."""

import random

import msgspec
import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, LATER, OTHER, RULE, SUM, signal

from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal


def observe(engine: Engine, *signals: Signal, first: int = 0) -> list[Anomaly]:
    return [a for n, s in enumerate(signals, first) for a in engine.observe(Event.of(s), n, LATER)]


def test_a_crossing_says_who_what_and_why(load: Load) -> None:
    signals = [signal(second) for second in (0, 4, 10, 11)]
    (found,) = observe(Engine(load(FAILED, BRUTE_FORCE)), *signals)
    assert found.rule_id == SUM
    assert (found.rule_title, found.anomaly_type, found.severity) == ("Brute force", "brute_force", "high")
    assert found.evidence == [s.id for s in signals[:3]]
    assert found.event_time == "2026-05-01T01:46:50.000000Z"
    assert (found.user_id, found.group) == ("alice", {"user_id": "alice"})
    assert found.summary == "User alice: 3 × failed login within 10 seconds (Brute force)"


def test_the_same_cause_has_the_same_id_and_another_group_another(load: Load) -> None:
    ruleset = load(FAILED, BRUTE_FORCE)
    (alice,) = observe(Engine(ruleset), *map(signal, (0, 1, 2)))
    (again,) = observe(Engine(ruleset), *map(signal, (0, 1, 2)))
    (other,) = observe(Engine(ruleset), *(signal(s, user="bob") for s in (0, 1, 2)))
    assert alice.id == again.id != other.id


def test_signals_of_one_id_are_told_apart_by_user_and_time(load: Load) -> None:
    counted = [
        msgspec.structs.replace(signal(at, user), id="1")
        for at, user in ((0, "alice"), (0, "mallory"), (9, "alice"))
    ]
    assert len({a.id for a in observe(Engine(load(FAILED)), *counted)}) == 3
    everyone = BRUTE_FORCE.replace("  group-by: user_id\n", "").replace("gte: 3", "gte: 1")
    assert len({observe(Engine(load(FAILED, everyone)), s)[0].id for s in counted}) == 3


def test_a_correlated_rule_is_silent_unless_it_generates(load: Load) -> None:
    silent = observe(Engine(load(FAILED, BRUTE_FORCE)), signal(0))
    loud = observe(
        Engine(load(FAILED, BRUTE_FORCE.replace("type:", "generate: true\n  type:", 1))), signal(0)
    )
    assert [a.rule_id for a in silent] == []
    assert [(a.rule_id, a.group, a.evidence) for a in loud] == [(RULE, {}, [signal(0).id])]


@pytest.mark.parametrize(
    ("kind", "service", "routed"),
    [
        ("auth.login", "idp", True),
        ("auth.mfa", "idp", False),
        ("auth.mfa", "", True),
        ("auth.", "", True),
        ("authx", "", False),
    ],
)
def test_a_rule_looks_at_the_types_of_its_log_source(
    kind: str, service: str, routed: bool, load: Load
) -> None:
    rule = FAILED.replace("authentication}", f"authentication, service: {service}}}") if service else FAILED
    assert bool(observe(Engine(load(rule)), signal(0, kind=kind))) is routed


def test_a_far_group_value_is_no_other_by_its_json_type(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE.replace("user_id", "n")))
    values = [1, "1", True, 1, "1", True]
    signals = [signal(n, number=n, payload={"outcome": "failure", "n": v}) for n, v in enumerate(values)]
    assert observe(engine, *signals) == []
    assert engine.groups == 3


@pytest.mark.parametrize("value", [None, [], {}, ["a"]])
def test_without_a_group_value_nothing_is_counted(value: object, load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE.replace("user_id", "n")))
    assert observe(engine, *(signal(n, payload={"outcome": "failure", "n": value}) for n in range(5))) == []


ALIASES = f"""
title: Same address
id: {SUM}
level: high
correlation:
  type: temporal
  rules: [failed_login, {OTHER}]
  group-by: address
  timespan: 1m
  aliases:
    address: {{failed_login: ip, {OTHER}: src.ip}}
"""

SUCCEEDED = f"""
title: Login
id: {OTHER}
level: low
logsource: {{product: app}}
detection:
  sel: {{outcome: success}}
  condition: sel
"""


def test_aliases_join_fields_of_different_names(load: Load) -> None:
    engine = Engine(load(FAILED, SUCCEEDED, ALIASES))
    failed = signal(0, payload={"outcome": "failure", "ip": "10.0.0.1"})
    succeeded = signal(1, user="bob", payload={"outcome": "success", "src": {"ip": "10.0.0.1"}})
    (found,) = observe(engine, failed, succeeded)
    assert (found.group, found.user_id) == ({"address": "10.0.0.1"}, "bob")


def test_groups_within_a_user_are_local_and_no_others(load: Load) -> None:
    by_user = BRUTE_FORCE.replace("group-by: user_id", "group-by: [ip, user_id]")
    by_address = BRUTE_FORCE.replace(SUM, OTHER).replace("user_id", "ip")
    engine = Engine(load(FAILED, by_user, by_address))
    assert engine.is_local(SUM)
    assert not engine.is_local(OTHER)


def test_matches_survive_the_wire_and_find_the_same_window(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE))
    found = []
    for n in range(3):
        _, (match,) = engine.judge(Event.of(signal(n)), LATER)
        sent = msgspec.msgpack.decode(msgspec.msgpack.encode(match), type=Match)
        assert (sent, sent.key) == (match, match.key)
        found += engine.enter(sent, n, LATER)
    assert len(found) == 1


def test_a_position_read_again_is_skipped(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE))
    observe(engine, signal(0), signal(1))
    assert observe(engine, signal(2, number=1), signal(1)) == []
    assert len(observe(engine, signal(2), first=2)) == 1


def test_engines_of_one_rule_set_have_windows_of_their_own(load: Load) -> None:
    # So many rules that they are found by an index, which the engines share.
    ids = [f"{RULE[:-1]}{n}" for n in range(2, 8)]
    others = (FAILED.replace(RULE, id_).replace("name: failed", f"name: n{id_}") for id_ in ids)
    ruleset = load(FAILED, *others, BRUTE_FORCE)
    engines = Engine(ruleset), Engine(ruleset)
    found = [
        sum(anomaly.rule_id == SUM for anomaly in engine.observe(Event.of(signal(second)), second, LATER))
        for second in range(4)
        for engine in engines
    ]
    assert found == [0, 0, 0, 0, 1, 1, 0, 0]


def test_what_is_too_late_is_counted_and_left_out(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE), lateness=5 * SECOND)
    assert observe(engine, signal(10), signal(6), signal(4.9), signal(5.1)) == [
        *observe(Engine(load(FAILED, BRUTE_FORCE)), signal(5.1), signal(6), signal(10))
    ]
    assert engine.late == 1


def test_what_comes_after_its_window_is_over_is_counted_too(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE), lateness=5 * SECOND)
    observe(engine, signal(1_000, user="bob"))
    assert observe(engine, signal(0), signal(1), signal(2)) == []
    assert engine.late == 3


def test_a_user_left_behind_by_event_time_is_forgotten(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE), lateness=SECOND)
    observe(engine, *(signal(n, user=f"user-{n}") for n in range(20_000)))
    assert engine.groups <= 2048
    gone = [key for key, state in engine.changes() if state is None]
    assert len(gone) >= 20_000 - 2048


def test_a_rule_that_fails_is_counted_and_stops_nobody(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(text: str) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(Expression, "matcher", lambda expression: broken)
    broken_rule = FAILED.replace("outcome: failure", "outcome|re: failure")
    engine = Engine(load(broken_rule, SUCCEEDED.replace("success", "failure")))
    assert [a.rule_id for a in observe(engine, signal(0))] == [OTHER]
    assert engine.errors == {RULE: 1}


def stream(seed: int, count: int = 300) -> list[Signal]:
    choice = random.Random(seed)
    at, signals = 0.0, []
    for n in range(count):
        at += choice.choice([0, 0.5, 1, 2, 9, 25])
        signals.append(signal(at - choice.choice([0, 0, 0, 3, 30]), choice.choice("abc"), number=n))
    return signals


@pytest.mark.parametrize("seed", range(5))
def test_restored_at_any_point_it_finds_what_it_would_have_found(seed: int, load: Load) -> None:
    ruleset = load(FAILED, BRUTE_FORCE)
    signals = stream(seed)
    expected = observe(Engine(ruleset), *signals)
    engine, kept, found = Engine(ruleset), dict[str, bytes](), []
    for n, each in enumerate(signals):
        found += engine.observe(Event.of(each), n, LATER)
        if n % 11 == seed:
            keep(engine, kept)
            engine = restored(ruleset, kept, engine.watermark)
            # What was read since the state was kept comes again.
            for back in range(max(0, n - 5), n + 1):
                assert engine.observe(Event.of(signals[back]), back, LATER) == []
    assert found == expected
    assert len(expected) > 3


def keep(engine: Engine, kept: dict[str, bytes]) -> None:
    for key, state in engine.changes():
        kept.pop(key, None)
        if state is not None:
            kept[key] = state


def restored(ruleset: RuleSet, kept: dict[str, bytes], watermark: int) -> Engine:
    engine = Engine(ruleset)
    for key, state in kept.items():
        assert engine.restore(key, state)
    engine.watermark = watermark
    return engine


def test_state_of_a_rule_with_another_meaning_is_dropped(load: Load) -> None:
    engine = Engine(load(FAILED, BRUTE_FORCE))
    observe(engine, signal(0), signal(1))
    ((key, state),) = engine.changes()
    assert state is not None
    retitled = Engine(load(FAILED, BRUTE_FORCE.replace("Brute force", "Many failures")))
    assert retitled.restore(key, state)
    changed = Engine(load(FAILED.replace("failure}", "failed}"), BRUTE_FORCE))
    assert not changed.restore(key, state)
    assert not list(changed.changes())


def test_the_hash_of_a_rule_set_follows_its_content(load: Load) -> None:
    first = load(FAILED, BRUTE_FORCE)
    assert load(FAILED, BRUTE_FORCE).hash == first.hash
    assert load(FAILED, BRUTE_FORCE.replace("gte: 3", "gte: 4")).hash != first.hash
    assert load(FAILED.replace("outcome: failure", "outcome: failed"), BRUTE_FORCE).hash != first.hash


def test_placeholders_without_values_never_fire_and_say_so(load: Load) -> None:
    ruleset = load(FAILED.replace("outcome: failure", "'outcome|expand': ['failure', '%bad%']"))
    assert [notice for _, notice in ruleset.notices] == ["never fires: the placeholder %bad% has no values"]
    assert observe(Engine(ruleset), signal(0)) == []


def test_an_expression_beyond_re2_says_so(load: Load) -> None:
    ruleset = load(FAILED.replace("outcome: failure", r"'outcome|re': '(?=f)f'"))
    ((rule, notice),) = ruleset.notices
    assert rule.id == RULE
    assert "(?=f)f" in notice


def test_filters_narrow_the_rules_they_name(load: Load) -> None:
    exempt = """
title: The test account
logsource: {product: app}
filter:
  rules: [failed_login]
  selection: {user_id: tester}
  condition: not selection
"""
    engine = Engine(load(FAILED, exempt))
    assert observe(engine, signal(0, user="tester")) == []
    assert len(observe(engine, signal(1, user="alice"))) == 1
