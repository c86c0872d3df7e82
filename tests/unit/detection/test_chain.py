"""Correlations of every kind, alone and of each other, find what judging all from the beginning finds."""

import random
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.unit.detection.judge import OPERATORS, Entry, Found, Judge, Rule
from tests.unit.detection.samples import LATER, START

from secure_signal.adapters import rule_yaml
from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.rules.logsource import LogSource, LogSources
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.sigma.compiler import compile_rules
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.instant import SECOND

BASE = ("a", "b", "c")
GROUPS = ((), ("user_id",), ("ip",), ("user_id", "ip"), ("ip", "user_id"))
NUMERIC = ("value_sum", "value_avg", "value_percentile", "value_median")
KINDS = ("event_count", "value_count", "temporal", "temporal_ordered", *NUMERIC)


def base(name: str) -> str:
    """A detection that matches signals whose ``kinds`` have its name."""
    number = f"00000000-0000-4000-8000-{900 + BASE.index(name):012}"
    return (
        f"title: {name}\nid: {number}\nname: {name}\nlogsource: {{product: app}}\n"
        f"detection: {{sel: {{kinds: {name}}}, condition: sel}}\n"
    )


def compiled(rules: Sequence[Rule]) -> RuleSet:
    """The engine's view; outer rules stand before inner ones, which is no matter."""
    texts = [*(rule.yaml(number) for number, rule in enumerate(rules))][::-1] + [base(name) for name in BASE]
    documents = [document for text in texts for document in rule_yaml.read(text.encode(), "rules.yml")]
    made, problems, _ = compile_rules(d for d in documents if isinstance(d, Document))
    assume(not any("can never hold" in problem.what for problem in problems))
    assert not problems
    return RuleSet(made, LogSources([("t", LogSource("app", "", ""))]))


@st.composite
def conditions(draw: st.DrawFn, kind: str, names: tuple[str, ...]) -> Any:
    if kind.startswith("temporal") and draw(st.booleans()):
        trees = st.recursive(
            st.sampled_from(names),
            lambda inner: (
                st.tuples(st.just("not"), inner) | st.tuples(st.sampled_from(["and", "or"]), inner, inner)
            ),
            max_leaves=5,
        )
        # Every rule that is listed has to be named.
        either = [("or", name, ("not", name)) for name in names]
        never = [("and", name, ("not", name)) for name in names]
        return draw(st.sampled_from([("and", draw(trees), *either), ("or", draw(trees), *never)]))
    operators = draw(st.lists(st.sampled_from(list(OPERATORS)), min_size=1, max_size=2, unique=True))
    return {operator: draw(st.integers(0, 4)) for operator in operators}


@st.composite
def rule_sets(draw: st.DrawFn) -> list[Rule]:
    """Two to five correlations; each may list detections and those before it."""
    rules: list[Rule] = []
    for number in range(draw(st.integers(2, 5))):
        group_by = draw(st.sampled_from(GROUPS))
        inner = [r.name for r in rules]
        names = tuple(
            draw(st.lists(st.sampled_from([*BASE, *inner * 2]), min_size=1, max_size=3, unique=True))
        )
        kind = draw(st.sampled_from(KINDS))
        counted = {"value_count": "user_id", **dict.fromkeys(NUMERIC, "n")}.get(kind, "")
        rules.append(
            Rule(
                name=f"rule_{number}",
                kind=kind,
                rules=names,
                group_by=group_by,
                timespan=draw(st.integers(1, 12)),
                condition=draw(conditions(kind, names)),
                field=counted,
                suppress=draw(st.sampled_from([0, 4, 30])),
                percentile=draw(st.sampled_from([0, 30, 50, 95])) if kind == "value_percentile" else 50,
            )
        )
    return rules


@st.composite
def streams(draw: st.DrawFn) -> list[Entry]:
    """Signals in event-time order, many at the same time, some without an address or a number."""
    choice = random.Random(draw(st.integers(0, 2**32)))
    at, signals = 0, []
    for number in range(draw(st.integers(1, 80))):
        at += choice.choice([0, 0, 1, 1, 2, 3, 6, 13])
        fields = {"ip": choice.choice("xxy") if number % 7 else None, "n": choice.choice([1, 2, 2.5, None])}
        kinds = tuple(choice.sample(BASE, choice.choice([1, 1, 2])))
        signals.append(Entry(START + at * SECOND, f"id-{number}", choice.choice("uuv"), fields, kinds))
    return signals


def event(signal: Entry) -> Event:
    return Event(signal.user, "t", signal.time, {**signal.fields, "kinds": list(signal.slots)}, signal.id)


def found(ruleset: RuleSet, anomalies: Sequence[Anomaly]) -> list[Found]:
    correlations = {rule.id: rule for rule in ruleset.correlations}
    return [
        Found(
            correlations[each.rule_id].name,
            tuple(each.group.values()),
            instant.parse(each.event_time),
            each.user_id,
            tuple(each.evidence),
        )
        for each in anomalies
        if each.rule_id in correlations
    ]


def observe(engine: Engine, signals: Sequence[Entry], first: int = 0) -> list[Found]:
    anomalies = engine.observe_all([event(signal) for signal in signals], first, LATER)
    assert not engine.errors
    return found(engine.ruleset, anomalies)


def judge_of(rules: Sequence[Rule], ruleset: RuleSet) -> Judge:
    """A judge that takes rules in the order of the rule set."""
    named = {rule.name: rule for rule in rules}
    return Judge(
        [named[rule.name] for rule in ruleset.correlations],
        {rule.name: rule.id for rule in ruleset.correlations},
        {rule.name for rule in ruleset.correlations if rule.is_local},
        {rule.name for rule in ruleset.correlations if rule.carried},
        [rule.name for rule in ruleset.detections],
    )


def in_any_order(some: Sequence[Found]) -> list[Found]:
    return sorted(some, key=lambda f: (f.time, f.rule, repr(f.group)))


@settings(max_examples=80, deadline=None)
@given(rule_sets(), streams())
def test_in_order_it_finds_what_judging_all_anew_finds(rules: list[Rule], signals: list[Entry]) -> None:
    ruleset = compiled(rules)
    judge = judge_of(rules, ruleset)
    expected = [one for signal in signals for one in judge.see(signal)]
    engine = Engine(ruleset)
    assert in_any_order(observe(engine, signals)) == in_any_order(expected)
    assert engine.suppressed == judge.suppressed


@settings(max_examples=80, deadline=None)
@given(rule_sets(), streams(), st.sampled_from([1, 4, 15, 60]), st.randoms(use_true_random=False))
def test_out_of_order_it_finds_what_judging_all_anew_at_each_signal_finds(
    rules: list[Rule], signals: list[Entry], lateness: int, choice: random.Random
) -> None:
    ruleset = compiled(rules)
    arrival = {signal.id: signal.time + choice.randrange(lateness * SECOND) for signal in signals}
    arrived = sorted(signals, key=lambda signal: arrival[signal.id])
    judge = judge_of(rules, ruleset)
    expected = [one for signal in arrived for one in judge.see(signal)]
    engine = Engine(ruleset, lateness=lateness * SECOND)
    assert in_any_order(observe(engine, arrived)) == in_any_order(expected)
    assert (engine.suppressed, engine.late) == (judge.suppressed, 0)


@settings(max_examples=50, deadline=None)
@given(rule_sets(), streams(), st.integers(0, 60), st.integers(0, 9), st.floats(0, 1))
def test_killed_and_restored_it_finds_what_it_would_have_found(
    rules: list[Rule], signals: list[Entry], saved: int, ahead: int, part: float
) -> None:
    """It died while it saved: a part of its state is ahead of where reading goes on."""
    ruleset = compiled(rules)
    expected = observe(Engine(ruleset), signals)
    engine, kept = Engine(ruleset), dict[str, bytes | None]()
    told = observe(engine, signals[:saved])
    kept.update(engine.changes())
    watermark = engine.watermark
    told += observe(engine, signals[saved : saved + ahead], saved)
    changes = list(engine.changes())
    kept.update(changes[: round(part * len(changes))])
    successor = Engine(ruleset)
    for key, state in kept.items():
        assert state is None or successor.restore(key, state)
    successor.watermark = watermark
    again = observe(successor, signals[saved:], saved)
    assert set(told) | set(again) == set(expected)
    assert len(again) == len(set(again))


@settings(max_examples=50, deadline=None)
@given(rule_sets(), streams())
def test_several_tasks_find_what_one_does(rules: list[Rule], signals: list[Entry]) -> None:
    ruleset = compiled(rules)
    by_user = {user: Engine(ruleset) for user in "uv"}
    by_place = [Engine(ruleset) for _ in range(3)]
    anomalies: list[Anomaly] = []
    for n, signal in enumerate(signals):
        engine = by_user[signal.user]
        for _, _, told, others in engine.process_all([(event(signal), n, LATER)]):
            anomalies += told
            for match in others:
                anomalies += by_place[crc32(engine.place(match).encode()) % 3].enter(match, n, LATER)
    assert in_any_order(found(ruleset, anomalies)) == in_any_order(observe(Engine(ruleset), signals))


@st.composite
def growing(draw: st.DrawFn) -> list[Rule]:
    """Chains whose conditions more entries only make truer, over a spree; over several those that count.

    Others may end and begin anew within a spree for so long as a part of it is missing, and be told twice.
    """
    rules: list[Rule] = []
    for number in range(draw(st.integers(2, 4))):
        inner = [r.name for r in rules if "ip" in r.group_by]
        names = draw(st.lists(st.sampled_from([*BASE, *inner * 2]), min_size=1, unique=True, max_size=3))
        kind = draw(st.sampled_from(["event_count", "value_count", "temporal"]))
        rules.append(
            Rule(
                name=f"rule_{number}",
                kind=kind,
                rules=tuple(names),
                group_by=draw(st.sampled_from([(), ("ip",)])),
                timespan=draw(st.sampled_from([30, 700] if kind == "event_count" else [30])),
                condition={"gte": draw(st.integers(1, len(names) if kind == "temporal" else 4))},
                field="ip" if kind == "value_count" else "",
            )
        )
    return rules


@settings(max_examples=60, deadline=None)
@given(growing(), st.integers(0, 2**32))
def test_out_of_order_it_finds_the_same_episodes_each_once(rules: list[Rule], seed: int) -> None:
    """Sprees of twenty seconds, each shuffled: in which one a group's episode begins is the same."""
    choice = random.Random(seed)
    every = 320 * SECOND
    sprees = [
        [
            Entry(
                START + spree * every + choice.randrange(20 * SECOND),
                f"id-{spree}-{number}",
                choice.choice("uvw"),
                {"ip": choice.choice("xxyz")},
                tuple(choice.sample(BASE, choice.choice([1, 1, 2]))),
            )
            for number in range(choice.randrange(8))
        ]
        for spree in range(6)
    ]
    ruleset = compiled(rules)
    judge = judge_of(rules, ruleset)
    in_order = [signal for spree in sprees for signal in sorted(spree, key=lambda s: s.time)]
    expected = [one for signal in in_order for one in judge.see(signal)]
    shuffled = observe(Engine(ruleset), [signal for spree in sprees for signal in spree])

    def episodes(some: Sequence[Found]) -> list[tuple[str, str, int]]:
        return sorted((f.rule, repr(f.group), (f.time - START) // every) for f in some)

    assert episodes(shuffled) == episodes(expected)
