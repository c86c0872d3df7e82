"""The index leaves out no rule that matches, and does leave out those that cannot."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.detection.samples import signal

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.matching import need, predicate
from secure_signal.core.detection.matching.condition import (
    AllOf,
    AnyOf,
    Field,
    Keyword,
    Node,
    Not,
    SameAs,
)
from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.detection.matching.index import Index
from secure_signal.core.detection.matching.pattern import Pattern, Wildcard
from secure_signal.core.detection.matching.predicate import Predicate, compile_node
from secure_signal.core.detection.matching.value import Comparison, Number, Present

FIELDS = st.sampled_from(["a", "b", "user_id"])
TEXTS = st.sampled_from(["x", "xy", "Y", "alice", "é"])
PATTERNS = st.builds(
    Pattern, st.lists(TEXTS | st.sampled_from(Wildcard), max_size=3).map(tuple), st.booleans()
)
NUMBERS = st.sampled_from([0, -0.0, 2, 2.0, 2.5, 10**16])
TESTS = (
    PATTERNS
    | st.builds(Number, NUMBERS)
    | st.builds(Present, st.booleans())
    | st.builds(Comparison, st.sampled_from(["lt", "gte"]), NUMBERS)
    | st.just(Expression("x.*"))
)
LEAVES = st.builds(Field, FIELDS, TESTS) | st.builds(Keyword, PATTERNS) | st.builds(SameAs, FIELDS, FIELDS)
NODES: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(AllOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, min_size=1, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=6,
)
VALUES = TEXTS | st.text("xyYé", max_size=4) | NUMBERS | st.none() | st.lists(TEXTS | NUMBERS, max_size=2)
PAYLOADS = st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES)


@given(st.lists(NODES, max_size=5), PAYLOADS)
@example([Field("a", Number(0))], {"a": -0.0})
def test_whatever_matches_is_found(nodes: list[Node], payload: dict[str, Any]) -> None:
    index = Index((need.of(node), n) for n, node in enumerate(nodes))
    event = Event.of(signal(0, payload=payload))
    matching = [n for n, node in enumerate(nodes) if compile_node(node)(event)]
    found = index.find(event)
    assert set(matching) <= set(found)
    assert found == sorted(found)


@given(st.lists(NODES, max_size=5), PAYLOADS)
@example([Field("a", Number(2.0)), Not(Field("a", Number(2)))], {"a": "2"})
def test_conditions_compiled_together_mean_what_each_means_alone(
    nodes: list[Node], payload: dict[str, Any]
) -> None:
    event = Event.of(signal(0, payload=payload))
    known: dict[Node, Predicate] = {}
    together = [compile_node(node, known)(event) for node in nodes]
    assert together == [compile_node(node)(event) for node in nodes]


def test_what_conditions_have_in_common_is_compiled_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 rules with the same 1,000 exceptions would keep the first signal waiting for seconds."""
    compiled: list[str] = []

    def texts(name: str, _: list[Pattern]) -> Predicate:
        compiled.append(name)
        return lambda _: True

    monkeypatch.setattr(predicate, "_texts", texts)

    def asks(name: str) -> Node:
        return AllOf((Field(name, Pattern(("x",))), Not(Field("user", Pattern(("svc",))))))

    known: dict[Node, Predicate] = {}
    for name in ("a", "b", "c"):
        compile_node(asks(name), known)
    assert sorted(compiled) == ["a", "b", "c", "user"]


def test_a_rule_whose_literal_is_missing_is_not_tried() -> None:
    def asks(*texts: str) -> Node:
        return AllOf(tuple(Field("a", Pattern((Wildcard.MANY, text, Wildcard.MANY))) for text in texts))

    nodes = [asks("x", "longest"), asks("other"), AnyOf((asks("needle"), asks("other")))]
    index = Index((need.of(node), n) for n, node in enumerate(nodes))
    assert index.find(Event.of(signal(0, payload={"a": "a NEEDLE or x", "b": "longest"}))) == [2]
    assert index.find(Event.of(signal(0, payload={"b": "other"}))) == []
    assert index.find(Event.of(signal(0, payload={"a": json.dumps(["longest", "other"])}))) == [0, 1, 2]
