"""The bundled rules: plain Sigma, one for each attack, and quiet about what only looks like one."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import chain
from pathlib import Path
from random import Random

import pytest
from sigma.collection import SigmaCollection
from sigma.rule import SigmaLevel

from secure_signal.adapters import rule_files
from secure_signal.core import instant, signal
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry import trial
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.score import ALSO, Finding, score
from secure_signal.core.signal import Signal
from secure_signal.core.traffic import emission, near_misses
from secure_signal.core.traffic.actions import Step
from secure_signal.core.traffic.attacks import KINDS
from secure_signal.core.traffic.attacks.opportunity import Opportunity
from secure_signal.core.traffic.emission import Emission
from secure_signal.core.traffic.label import Label
from secure_signal.core.traffic.population import Population
from secure_signal.core.traffic.sessions import Scene, ordinary, visit
from secure_signal.core.traffic.stream import Traffic, stream

ORACLE = Path(__file__).parents[3] / "shared/corpora/oracle/oracle.py"
PACK = Path(str(files("secure_signal") / "rules"))
SECOND = instant.SECOND
MORNING = instant.parse("2026-05-04T09:00:00Z")


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return rule_files.load()


def timed(steps: Iterable[Step], start: int = MORNING) -> Iterator[Signal]:
    rng = Random(0)
    for step in steps:
        start += int(step.wait * SECOND)
        yield emission.signal(rng, step, start)


def found(rules: RuleSet, signals: Iterable[Signal]) -> list[Anomaly]:
    engine = Engine(rules)
    return [a for n, each in enumerate(signals) for a in engine.observe(Event.of(each), n, each.timestamp)]


def test_other_tools_read_the_pack_and_know_all_they_ask_of_a_rule() -> None:
    pack = SigmaCollection.load_ruleset([str(PACK)])
    assert not pack.errors
    assert len({rule.id for rule in pack.rules}) == len(pack.rules)
    for rule in pack.rules:
        assert all((rule.id, rule.name, rule.description, rule.date, rule.status, rule.level))
        assert rule.author == "Secure Signal"
        assert rule.level == SigmaLevel.INFORMATIONAL or rule.falsepositives


def test_what_speaks_names_its_technique_and_what_it_may_take_for_an_attack(rules: RuleSet) -> None:
    speaking = [rule for rule in rules.rules if rule.speaks]
    assert len(speaking) >= 30
    assert {rule.anomaly_type for rule in speaking} > set(KINDS)
    for rule in speaking:
        assert any(tag.startswith("attack.t") for tag in rule.tags), rule.name
        assert rule.level in ("medium", "high", "critical")


def test_each_rule_that_speaks_finds_its_examples_and_leaves_others_alone(rules: RuleSet) -> None:
    examples = rule_files.examples()
    for rule in rules.rules:
        beside = examples.get(rule.origin, ())
        assert not rule.speaks or {bool(example.finds) for example in beside} == {True, False}, rule.name
        for example in beside:
            tried = trial.run(rules, rule, example)
            assert tried.passed, "\n".join([rule.name, example.name, *trial.differences(tried, rules)])


@pytest.mark.parametrize("kind", KINDS)
def test_each_rule_finds_its_attack_and_no_other_takes_it_for_its_own(rules: RuleSet, kind: str) -> None:
    for seed in range(12):
        attackers = Opportunity(Random(seed), Population(seed, 1000))
        attackers.instant = MORNING
        kinds = {anomaly.anomaly_type for anomaly in found(rules, timed(KINDS[kind](attackers)))}
        assert kind in kinds
        assert kinds <= {kind} | ALSO.get(kind, frozenset())


SCENES = dict.fromkeys(scene for scenes in near_misses.SCENES.values() for scene, _ in scenes)


@pytest.mark.parametrize("scene", SCENES)
def test_no_rule_is_deceived_by_a_near_miss_after_ordinary_work(rules: RuleSet, scene: Scene) -> None:
    roles = [role for role, scenes in near_misses.SCENES.items() if scene in dict(scenes)]
    for seed in range(12):
        rng, people = Random(seed), Population(seed, 1000)
        innocent = visit(rng, people, people.awake(rng, MORNING, roles[seed % len(roles)]), MORNING)
        assert found(rules, timed(chain(ordinary(innocent), scene(innocent)))) == []


@pytest.mark.parametrize(("seed", "rate", "burst"), [(1, 50, False), (2, 50, True), (3, 5, True)])
def test_ten_minutes_of_traffic_are_judged_well(rules: RuleSet, seed: int, rate: int, burst: bool) -> None:
    engine = Engine(rules)
    labels, findings = [], []
    for n, event in enumerate(stream(Traffic(seed, rate, burst), MORNING, MORNING + 600 * SECOND)):
        if isinstance(event, Label):
            labels.append(event)
            continue
        for a in engine.observe(Event.of(event.signal), n, event.due):
            findings.append(Finding(a.anomaly_type, instant.parse(a.event_time), event.due, a.evidence))
    result = score(labels, findings)
    assert result.reaches(precision=0.95, recall=0.95)
    assert {row.kind for row in result.kinds if row.attacks} == set(KINDS)


@pytest.mark.corpus
@pytest.mark.skipif(not ORACLE.exists(), reason="the corpora are not beside this checkout")
def test_the_oracle_finds_the_same(tmp_path: Path) -> None:
    # It knows no correlations of correlations.
    chained = shutil.ignore_patterns("password_guessed.yml", "worn_down.yml")
    pack = Path(shutil.copytree(PACK, tmp_path / "rules", ignore=chained))
    rules = rule_files.load(pack, pack / "logsources.toml")
    events = stream(Traffic(4, 50), MORNING, MORNING + 150 * SECOND)
    signals = [event.signal for event in events if isinstance(event, Emission)]
    lines = tmp_path / "signals.ndjson"
    lines.write_bytes(b"".join(signal.encode(each) + b"\n" for each in signals))
    oracle = [sys.executable, str(ORACLE), "eval"]
    arguments = ["--rules", str(pack), "--logsources", str(pack / "logsources.toml"), "--signals", str(lines)]
    expected = json.loads(subprocess.run(oracle + arguments, check=True, capture_output=True).stdout)
    wanted = [
        (rule, crossing["event_time"], crossing["group"])
        for rule, each in expected["correlations"].items()
        for crossing in each["crossings"]["episode"]
    ]
    wanted += [(rule, hit["event_time"], {}) for rule, hits in expected["stateless"].items() for hit in hits]
    got = [(anomaly.rule_id, anomaly.event_time, anomaly.group) for anomaly in found(rules, signals)]
    assert sorted(got, key=str) == sorted(wanted, key=str)
    assert got
