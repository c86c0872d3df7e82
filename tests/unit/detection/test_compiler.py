"""Whatever a document says, it becomes a rule that runs or a problem that says why not."""

import copy
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, START, signal

from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.rules.logsource import LogSource, LogSources
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.sigma.compiler import compile_rules
from secure_signal.core.detection.sigma.document import Document

SOUND = [yaml.safe_load(FAILED), yaml.safe_load(BRUTE_FORCE)]
SOURCES = LogSources([("auth.*", LogSource("app", "authentication"))])
STRANGE: list[Any] = [None, True, 0, -1, 1e308, [], [[]], {}, [{}], {"a": "x"}, {"": 1}]
JUNK = st.sampled_from([*STRANGE, "", "x", "*", "1 of them", "sel and", "%a%"]).map(copy.deepcopy)
MODIFIED = ["a|re", "a|cidr", "a|gt", "a|all", "a|expand", "|contains", "a|hour", "a|fieldref"]
KEYS = st.sampled_from([*MODIFIED, "generate", "aliases", "gte"])


@st.composite
def spoilt(draw: st.DrawFn) -> list[Any]:
    """The sound documents with something else in one or two places."""
    documents: list[Any] = copy.deepcopy(SOUND)
    for _ in range(draw(st.integers(1, 2))):
        node: Any = documents
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = draw(st.sampled_from(keys)) if keys else None
            if key is not None and isinstance(node[key], dict | list) and draw(st.integers(0, 3)):
                node = node[key]
                continue
            if isinstance(node, dict) and (key is None or draw(st.booleans())):
                node[draw(KEYS)] = draw(JUNK)
            elif key is not None:
                node[key] = draw(JUNK)
            break
    return documents


@given(spoilt())
def test_a_rule_or_a_problem(contents: list[Any]) -> None:
    rules, problems, _ = compile_rules(Document(c, f"{n}.yml") for n, c in enumerate(contents))
    assert len(rules) + len(problems) >= len([c for c in contents if c is not None])
    engine = Engine(RuleSet(rules, SOURCES))
    for n in range(4):
        engine.observe(Event.of(signal(n, payload={"outcome": "failure", "a": "x"})), n, START)
    assert not engine.errors


def test_the_sound_ones_are_rules() -> None:
    rules, problems, _ = compile_rules(Document(c, "f.yml") for c in SOUND)
    assert ([r.title for r in rules], problems) == (["Failed login", "Brute force"], [])
