"""What correlation documents may say, and what is told of those that nobody can run."""

import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, LATER, OTHER, SUM, signal

from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.windowing import origin
from secure_signal.core.errors import UsageError
from secure_signal.core.instant import SECOND
from secure_signal.core.score import Finding, score
from secure_signal.core.signal import Signal
from secure_signal.core.traffic.label import Label


def observe(engine: Engine, *signals: Signal) -> list[Anomaly]:
    found = engine.observe_all(map(Event.of, signals), 0, LATER)
    assert not engine.errors
    return found


def detection(name: str, number: int) -> str:
    """A detection of signals whose ``is`` is or has its name."""
    return (
        f"title: {name}\nid: 00000000-0000-4000-8000-{number:012}\nname: {name}\n"
        f"logsource: {{product: app}}\ndetection: {{sel: {{is: {name}}}, condition: sel}}\n"
    )


ABC = (detection("a", 1), detection("b", 2), detection("c", 3))


def temporal(condition: str, rules: str = "", kind: str = "temporal", group_by: str = "user_id") -> str:
    listed = f"\n  rules: [{rules}]" if rules else ""
    return (
        f"title: T\nid: {SUM}\nname: t\ncorrelation:\n  type: {kind}{listed}\n  group-by: {group_by}\n"
        f"  timespan: 10s\n  condition: {condition}\n"
    )


def outer(rules: str, group_by: str = "user_id", kind: str = "event_count", more: str = "") -> str:
    condition = "{gte: 2}" if kind == "event_count" else "{gte: 2, field: user_id}"
    return (
        f"title: Outer\nid: {OTHER}\nname: outer\ncorrelation:\n  type: {kind}\n  rules: [{rules}]\n"
        f"  group-by: {group_by}\n  timespan: 1h\n  condition: {condition}\n{more}"
    )


def inner(name: str = "inner", rules: str = "failed_login", group_by: str = "user_id", more: str = "") -> str:
    return (
        BRUTE_FORCE.replace(f"id: {SUM}\n", f"id: {SUM}\nname: {name}\n")
        .replace("rules: failed_login", f"rules: {rules}")
        .replace("group-by: user_id", f"group-by: {group_by}")
        + more
    )


def attack(second: float, count: int = 3, user: str = "alice", ip: str = "x") -> list[Signal]:
    payload = {"outcome": "failure", "ip": ip}
    return [signal(second + n / 10, user, number=n, payload=payload) for n in range(count)]


def times(found: list[Anomaly]) -> list[tuple[str, str]]:
    return [(each.anomaly_type, each.event_time[11:19]) for each in found]


@pytest.mark.parametrize(
    ("condition", "rules", "words", "finds"),
    [
        ("a and b", "a, b", "a b", [1]),
        ("a AND NOT b", "a, b", "b . . . . . . . . . a a", [11]),
        # What leaves the window is noticed at the next entry, and what comes later takes nothing back.
        ("a and not b", "", "a b . . . . . . . . . . a", [0, 12]),
        ("not (a or b) and c", "", "a c . . . . . . . . . . c", [12]),
        (f"00000000-0000-4000-8000-{1:012} and b", f"00000000-0000-4000-8000-{1:012}, b", "b a", [1]),
        ("a and (b or c)", "a, b, c", "a c b", [1]),
    ],
)
def test_boolean_conditions(condition: str, rules: str, words: str, finds: list[int], load: Load) -> None:
    engine = Engine(load(*ABC, temporal(condition, rules)))
    signals = [signal(n, payload={"is": word}) for n, word in enumerate(words.split())]
    begin = signals[0].timestamp // SECOND
    found = observe(engine, *signals)
    assert [int(f.event_time[17:19]) for f in found] == [(begin + n) % 60 for n in finds]


def test_in_order_the_order_is_that_of_the_list(load: Load) -> None:
    rule = temporal("c and (b or a)", "a, b, c", "temporal_ordered")
    for words, finds in (("c a", 0), ("a c", 1), ("b a c", 1), ("c b", 0)):
        signals = [signal(n, payload={"is": word}) for n, word in enumerate(words.split())]
        assert len(observe(Engine(load(*ABC, rule)), *signals)) == finds
    together = signal(0, payload={"is": ["a", "c"]})
    assert observe(Engine(load(*ABC, rule)), together) == []


WRONG = [
    (temporal("a and d", "a, b"), 9, "names 'd', which rules does not list"),
    (temporal("a", "a, b"), 9, "does not name 'b', which rules lists"),
    (temporal("a and or b"), 8, "'a and or b' cannot be read"),
    (temporal("a and not a"), 1, "can never hold"),
    (temporal("not a"), 1, "can never hold"),
    (temporal(" and ".join(f"(a{n} or b{n})" for n in range(30)), ""), 1, "not there"),
    (temporal("(" + " or ".join(["a and not b", "b and not c"] * 400) + ")"), 1, "too large"),
    (temporal("a or b", "a, b", kind="event_count"), 4, "temporal"),
    (outer("failed_login").replace("{gte: 2}", "{gte: 2, lt: x}"), 9, "no valid Sigma correlation condition"),
    (outer("failed_login").replace("1h", "20y"), 8, "longer than ten years"),
    (outer(""), 1, "lists no rules"),
    (outer("outer"), 6, "outer (FILE:1) lists outer (FILE:1)"),
]


@pytest.mark.parametrize(("text", "line", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_the_line_and_the_way_out(text: str, line: int, words: str, load: Load) -> None:
    with pytest.raises(UsageError) as complaint:
        load(text, FAILED, inner(), *ABC) if SUM not in text else load(text, FAILED, *ABC)
    (problem,) = str(complaint.value).splitlines()[1:]
    file = problem.strip().partition(":")[0]
    assert problem.strip().startswith(f"{file}:{line}: ")
    assert words.replace("FILE", file) in problem


def test_a_timespan_may_be_ten_years_of_any_unit(load: Load) -> None:
    for written in ("10y", "120M", "3653d"):
        assert load(FAILED, outer("failed_login").replace("1h", written)).rules


def test_a_rule_that_is_broken_is_not_said_to_be_absent(load: Load) -> None:
    """Nor is one that lists itself, or lists what is broken."""
    broken = FAILED.replace("condition: sel", "condition: sol")
    second = outer("inner").replace("name: outer", "name: second")
    with pytest.raises(UsageError) as complaint:
        load(broken, inner(), second, outer("own", more="").replace("name: outer", "name: own"), outer("own"))
    told = [line.partition(": ")[2] for line in str(complaint.value).splitlines()[1:]]
    assert sorted(what for what in told if "that it correlates" in what) == [
        f"cannot be used as a rule: the rule '{name}' that it correlates is broken; see its own problem"
        for name in ("failed_login", "inner", "own")
    ]


def test_a_cycle_is_told_once_at_its_first_rule(load: Load) -> None:
    with pytest.raises(UsageError) as complaint:
        load(
            FAILED,
            inner("first", "[failed_login, second]"),
            outer("first").replace("name: outer", "name: second"),
        )
    (first,) = (line.strip() for line in str(complaint.value).splitlines()[1:])
    folder = first.partition("/rule-")[0]
    assert first.startswith(
        f"{folder}/rule-2.yml:8: correlates itself: first ({folder}/rule-2.yml:2) lists second ("
    )
    assert "; take one of them out" in first


def test_of_a_long_cycle_the_first_rules_are_named(load: Load) -> None:
    ring = [outer(f"ring{(n + 1) % 30}", more="").replace("name: outer", f"name: ring{n}") for n in range(30)]
    with pytest.raises(UsageError) as complaint:
        load(*ring)
    (told,) = (line.strip() for line in str(complaint.value).splitlines()[1:])
    assert told.partition(": ")[0].endswith("rule-1.yml:6")
    assert "lists ring9 (" in told
    assert " lists … (20 more) lists ring0 (" in told
    assert "ring10" not in told


def test_a_rule_listed_twice_counts_once_where_no_order_asks_for_both(load: Load) -> None:
    twice = temporal("{gte: 2}", f"a, b, 00000000-0000-4000-8000-{1:012}").replace(
        "  condition: {gte: 2}\n", ""
    )
    a, b = (signal(n, payload={"is": word}) for n, word in enumerate("ab"))
    assert len(observe(Engine(load(*ABC, twice)), a, b)) == 1
    two_of_them = temporal("{gte: 2}", f"a, b, 00000000-0000-4000-8000-{1:012}")
    assert observe(Engine(load(*ABC, two_of_them)), a) == []
    in_order = twice.replace("type: temporal", "type: temporal_ordered")
    again = signal(2, payload={"is": "a"})
    assert observe(Engine(load(*ABC, in_order)), a, b) == []
    assert len(observe(Engine(load(*ABC, in_order)), a, b, again)) == 1


def test_what_an_inner_rule_finds_is_counted_by_the_outer(load: Load) -> None:
    """The inner one is silent; of what it found, the signals that completed it are told."""
    signals = [*attack(0), *attack(100), *attack(200)]
    (found,) = observe(Engine(load(outer("inner"), FAILED, inner())), *signals)
    generating = observe(
        Engine(load(outer("inner").replace("timespan", "generate: true\n  timespan"), FAILED, inner())),
        *signals,
    )
    assert [each.rule_id for each in generating] == [SUM, SUM, OTHER, SUM]
    assert found.id == generating[2].id
    assert found.evidence == [signals[2].id, signals[5].id]
    assert found.event_time == generating[1].event_time


DEEP = [
    f"title: Level {n}\nid: 00000000-0000-4000-8000-{n:012}\nname: level_{n}\ncorrelation:\n"
    f"  type: event_count\n  rules: {listed}\n  group-by: user_id\n  timespan: {n}h\n"
    f"  condition: {{gte: {count}}}\n"
    for n, listed, count in ((2, "[brute_force, twin]", 2), (3, "level_2", 2), (4, "[level_3, level_2]", 3))
]


def test_the_evidence_of_a_chain_are_signals(load: Load) -> None:
    """Each once, the completing one last; what two rules find at the same signal are two entries."""
    twin = inner("twin").replace("Brute force", "Twin").replace(SUM, OTHER)
    ruleset = load(*DEEP, FAILED, inner("brute_force"), twin)
    signals = [s for n in range(4) for s in attack(n * 100)]
    # The first attack alone opens level_2, by what both rules find; the next one after a quiet time does.
    later = [s for n in range(2) for s in attack(30_000 + 8_000 * n)]
    (found,) = observe(Engine(ruleset), *signals, *later)
    assert found.anomaly_type == "level_4"
    assert found.evidence == [later[2].id, later[5].id]
    assert found.event_time.startswith(instant.render(later[5].timestamp)[:23])

    engine, successor = Engine(ruleset), Engine(ruleset)
    events = [Event.of(s) for s in (*signals, *later)]
    assert engine.observe_all(events[:-1], 0, LATER) == []
    for key, state in engine.changes():
        assert state is None or successor.restore(key, state)
    successor.watermark = engine.watermark
    assert successor.observe(events[-1], len(events) - 1, LATER) == [found]


def link(name: str, number: int, rules: str, group_by: str = "user_id") -> str:
    """A correlation that finds at its first entry, and tells of it whoever lists it."""
    return (
        f"title: {name}\nid: 00000000-0000-4000-9000-{number:012}\nname: {name}\ncorrelation:\n"
        f"  type: event_count\n  rules: [{rules}]\n  group-by: {group_by}\n  timespan: 10s\n"
        "  condition: {gte: 1}\n  generate: true\n"
    )


def test_what_is_found_first_is_followed_first(load: Load) -> None:
    rules = (link("one", 1, "a"), link("two", 2, "one"), link("three", 3, "one"), link("four", 4, "two"))
    found = observe(Engine(load(ABC[0], *rules)), signal(0, payload={"is": "a"}))
    names = [each.anomaly_type for each in found if each.anomaly_type != "a"]
    assert names in (["one", "two", "three", "four"], ["one", "three", "two", "four"])
    first = next(rule.name for rule in load(ABC[0], *rules).correlations if rule.name in ("two", "three"))
    assert names[1] == first


def test_a_field_is_carried_through_correlations_in_between(load: Load) -> None:
    rules = (link("one", 1, "a"), link("two", 2, "one"), link("three", 3, "two", group_by="ip"))
    found = observe(Engine(load(ABC[0], *rules)), signal(0, payload={"is": "a", "ip": "x"}))
    assert found[-1].group == {"ip": "x"}


def test_the_signals_of_entries_stand_where_they_came_last() -> None:
    assert origin.signals_of(["1", "2\nx", "1\ny"]) == ["2", "1"]


def test_an_order_rises_strictly(load: Load) -> None:
    rule = temporal("{gte: 2}", "a, b", "temporal_ordered")
    for seconds, finds in (((0, 0), 0), ((0, 1), 1)):
        a, b = (signal(s, number=n, payload={"is": "ab"[n]}) for n, s in enumerate(seconds))
        assert len(observe(Engine(load(*ABC, rule)), a, b)) == finds


def test_a_chained_anomaly_is_true_of_the_attack_that_its_evidence_is_of(load: Load) -> None:
    rule = outer("inner").replace("name: outer", "name: brute_force")
    signals = [*attack(0), *attack(100)]
    (found,) = observe(Engine(load(rule, FAILED, inner())), *signals)
    label = Label(
        id="1",
        kind="brute_force",
        start=signals[0].timestamp,
        end=signals[-1].timestamp,
        user_ids=["alice"],
        ip=None,
        signal_ids=[s.id for s in signals],
    )
    at = instant.parse(found.event_time)
    judged = score([label], [Finding(found.anomaly_type, at, at, found.evidence)])
    assert (judged.total.found, judged.total.true_alarms, judged.total.false_alarms) == (1, 1, 0)


def test_an_outer_rule_sees_the_inner_group_and_its_user(load: Load) -> None:
    """By an alias too; an outer rule's group may have other fields than the signals."""
    rule = outer("inner, login", "address", more="  aliases: {address: {inner: ip, login: src.ip}}\n")
    login = detection("login", 7)
    signals = [
        *attack(0, ip="10.0.0.1"),
        signal(20, "bob", payload={"is": "login", "src": {"ip": "10.0.0.1"}}),
    ]
    (found,) = observe(Engine(load(FAILED, inner(group_by="[ip, user_id]"), login, rule)), *signals)
    assert (found.group, found.user_id) == ({"address": "10.0.0.1"}, "bob")


def test_an_outer_rule_s_own_group_by_is_what_counts(load: Load) -> None:
    """As the specification has it: failures on a computer, then a login of the same user, wherever."""
    failures = inner(name="many", group_by="[ComputerName]")
    login = detection("login", 7)
    rule = outer("many, login", "User").replace("event_count", "temporal_ordered")
    signals = [
        signal(
            n,
            f"account-{n}",
            payload={
                "outcome": "failure" if computer else "",
                "is": "" if computer else "login",
                "ComputerName": computer,
                "User": user,
            },
        )
        for n, (computer, user) in enumerate(
            [("pc", "u"), ("pc", "v"), ("pc", "w"), (None, "v"), (None, "w")]
        )
    ]
    (found,) = observe(Engine(load(FAILED, login, failures, rule)), *signals)
    assert (found.group, found.evidence) == ({"User": "w"}, [signals[2].id, signals[4].id])


def test_an_anomaly_is_the_same_whoever_lists_its_rule(load: Load) -> None:
    loud = outer("inner", "country").replace("timespan", "generate: true\n  timespan")
    failure = {"outcome": "failure", "country": "DE"}
    signals = [signal(n, payload=failure) for n in range(3)]
    (alone,) = observe(Engine(load(FAILED, inner())), *signals)
    ruleset = load(FAILED, inner(), loud)
    (listed,) = observe(Engine(ruleset), *signals)
    assert (listed.id, listed.evidence) == (alone.id, alone.evidence)
    assert {rule.name: rule.carried for rule in ruleset.correlations} == {"inner": ("country",), "outer": ()}


def test_an_outer_rule_counts_values_of_inner_groups(load: Load) -> None:
    users = outer("inner", "ip", kind="value_count")
    (found,) = observe(
        Engine(load(FAILED, inner(group_by="[ip, user_id]"), users)),
        *attack(0),
        *attack(5),
        *attack(9, user="bob"),
    )
    assert (found.group, found.user_id, len(found.evidence)) == ({"ip": "x"}, "bob", 2)


@pytest.mark.parametrize(
    ("inner_group", "outer_group", "local"),
    [
        ("user_id", "user_id", {SUM, OTHER}),
        ("[user_id, ip]", "ip", {SUM}),
        # The inner one's groups are with an address, so what it finds of a user is there too.
        ("ip", "user_id", set()),
    ],
)
def test_a_chain_is_local_as_far_as_its_groups_are_a_user_s(
    inner_group: str, outer_group: str, local: set[str], load: Load
) -> None:
    engine = Engine(load(FAILED, inner(group_by=inner_group), outer("inner", outer_group)))
    assert {rule for rule in (SUM, OTHER) if engine.is_local(rule)} == local


def test_a_late_signal_that_opens_an_inner_episode_is_heard_by_the_outer(load: Load) -> None:
    engine = Engine(load(FAILED, inner(), outer("inner")))
    one, two, three = attack(40)
    found = observe(engine, *attack(0), one, three, signal(60), two)
    assert times(found) == [("outer", found[0].event_time[11:19])]
    assert found[0].evidence[0] != found[0].evidence[1]


def test_a_chain_may_be_very_long(load: Load) -> None:
    links = [
        f"title: r{n}\nid: 00000000-0000-4000-9000-{n:012}\nname: r{n}\ncorrelation:\n  type: event_count\n"
        f"  rules: r{n - 1}\n  group-by: user_id\n  timespan: 10s\n  condition: {{gte: 1}}\n"
        for n in range(1, 400)
    ]
    engine = Engine(load(detection("r0", 1), "---\n".join(reversed(links))))
    (found,) = observe(engine, signal(0, payload={"is": "r0"}))
    assert found.anomaly_type == "r399"


SUPPRESSING = BRUTE_FORCE + "secure_signal: {suppress: 1h}\n"


def test_an_anomaly_suppresses_others_of_its_group_for_so_long_and_no_longer(load: Load) -> None:
    engine = Engine(load(FAILED, SUPPRESSING))
    last = 0.2
    signals = [*attack(0), *attack(100, user="bob"), *attack(3599 + last - 0.3), *attack(3700), *attack(7299)]
    found = observe(engine, *signals)
    assert [(each.user_id, each.evidence[-1]) for each in found] == [
        ("alice", signals[2].id),
        ("bob", signals[5].id),
        ("alice", signals[11].id),
    ]
    assert engine.suppressed == 2


def test_suppression_outlives_the_window_and_the_process(load: Load) -> None:
    ruleset = load(FAILED, SUPPRESSING)
    engine = Engine(ruleset)
    assert len(observe(engine, *attack(0), *(signal(300 + n, f"user-{n}") for n in range(3_000)))) == 1
    kept = {key: state for key, state in engine.changes() if state is not None}
    assert not any("alice" in key for key in kept if not key.startswith("suppressed"))
    successor = Engine(ruleset)
    assert all(successor.restore(key, state) for key, state in kept.items())
    successor.watermark = engine.watermark
    again = [Event.of(each) for each in [*attack(3_400), *attack(3_700)]]
    found = successor.observe_all(again, 10_000, LATER)
    assert [each.evidence[-1] for each in found] == [again[-1].id]
    assert (
        Engine(load(FAILED, BRUTE_FORCE)).restore(*next(item for item in kept.items() if item[0][0] == "s"))
        is False
    )


def test_groups_told_of_are_forgotten_when_nothing_can_come_near(load: Load) -> None:
    engine = Engine(load(FAILED, SUPPRESSING.replace("1h", "1s")), lateness=SECOND)
    observe(engine, *(each for n in range(3_000) for each in attack(n * 20, user=f"user-{n}")))
    gone = [key for key, state in engine.changes() if state is None and key.startswith("suppressed")]
    assert len(gone) > 1_500


def test_only_correlations_suppress(load: Load) -> None:
    with pytest.raises(UsageError, match=r"rule-1.yml:11: .*only a correlation has groups"):
        load(FAILED + "secure_signal:\n  suppress: 1h\n")


@pytest.mark.parametrize("kind", ["value_sum", "value_avg", "value_median"])
@pytest.mark.parametrize(("condition", "holds"), [("gte: 0.7", True), ("eq: 0.7", True), ("gt: 0.7", False)])
def test_decimals_are_compared_as_they_are_written(
    kind: str, condition: str, holds: bool, load: Load
) -> None:
    # 0.7 is seven tenths; the double next to it is a little less.
    measured = BRUTE_FORCE.replace("event_count", kind).replace("gte: 3", f"{condition}, field: ratio")
    found = observe(Engine(load(FAILED, measured)), signal(0, payload={"outcome": "failure", "ratio": 0.7}))
    assert bool(found) is holds


def test_true_and_one_are_two_values(load: Load) -> None:
    counted = BRUTE_FORCE.replace("event_count", "value_count").replace("gte: 3", "gte: 2, field: v")
    payloads = [{"outcome": "failure", "v": value} for value in (1, 1.0, True)]
    sent = [signal(n, number=n, payload=payload) for n, payload in enumerate(payloads)]
    (found,) = observe(Engine(load(FAILED, counted)), *sent)
    assert found.event_time == instant.render(sent[2].timestamp)
