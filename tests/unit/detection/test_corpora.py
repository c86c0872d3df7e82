"""The shared corpora: the correlation oracle, and SigmaHQ's rules with their exact matches."""

import json
import lzma
import random
import tarfile
from collections import Counter
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests import oracle

from secure_signal.adapters import logsource_file, rule_files
from secure_signal.core import instant, signal
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import LATENESS, Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry import sighting
from secure_signal.core.detection.reorder import by_event_time
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.signal import Signal

CORPORA = Path(__file__).parents[4] / "shared/corpora"

pytestmark = [
    pytest.mark.corpus,
    pytest.mark.skipif(not CORPORA.exists(), reason="the corpora are not beside this checkout"),
]


def read(signals: Iterable[dict[str, Any]]) -> list[Signal]:
    """The signals, each called by its line."""
    decoded = [signal.decode(json.dumps(s).encode()) for s in signals]
    return [msgspec.structs.replace(s, id=f"line-{n}") for n, s in enumerate(decoded)]


def detect(ruleset: RuleSet, signals: list[Signal]) -> list[Anomaly]:
    engine = Engine(ruleset)
    in_order = chain.from_iterable(by_event_time([signals], LATENESS))
    found = [a for n, s in enumerate(in_order) for a in engine.observe(Event.of(s), n, instant.LAST)]
    assert (engine.late, engine.errors) == (0, Counter())
    return found


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5, 6, "a", "b", "c", "d"])
def test_correlations_equal_the_oracle(seed: int | str, tmp_path: Path) -> None:
    assert oracle.differences(oracle.load(CORPORA), seed, tmp_path / "case") == []


@pytest.fixture(scope="module")
def sigma_rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sigma")
    with tarfile.open(CORPORA / "sigma-rules.tar.xz") as archive:
        archive.extractall(folder, filter="data")
    return folder


def lines(name: str) -> list[dict[str, Any]]:
    path = CORPORA / "sigma" / name
    content = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
    return [json.loads(line) for line in content.splitlines()]


def test_sigmahq_rules_match_what_they_should(sigma_rules: Path) -> None:
    sets = {
        "logsources.toml": ("signals.ndjson", "expected.ndjson"),
        "synthetic-logsources.toml": ("synthetic.ndjson.xz", "synthetic-expected.ndjson.xz"),
    }
    loaded = rule_files.load(sigma_rules, CORPORA / "sigma/logsources.toml")
    assert (len(loaded.rules), len(list(loaded.notices))) == (3780, 25)
    for logsources, (given, expected) in sets.items():
        ruleset = RuleSet(loaded.rules, logsource_file.read(CORPORA / "sigma" / logsources))
        signals = read(lines(given))
        wanted = {(rule, s.id) for s, e in zip(signals, lines(expected), strict=True) for rule in e["rules"]}
        assert {(a.rule_id, a.evidence[0]) for a in detect(ruleset, signals)} ^ wanted == set()
        explained_as(wanted, ruleset, signals)


def explained_as(wanted: set[tuple[str, str]], ruleset: RuleSet, signals: list[Signal]) -> None:
    """Of some signals each rule that matches, and some that do not, are explained so."""
    chance = random.Random(7)
    for each in chance.sample(signals, 40):
        matching = {rule for rule, signal_id in wanted if signal_id == each.id}
        asked = [rule for rule in ruleset.detections if rule.id in matching]
        for rule in asked + chance.sample(ruleset.detections, 20):
            told = sighting.of(rule, Event.of(each), ruleset)
            assert (told.outcome is sighting.Outcome.MATCHED) == (rule.id in matching), (rule.id, each.id)
