"""Why a condition held or did not: always the engine's own answer, with the values that made it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry.explanation import Explained, explain
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
from secure_signal.core.detection.matching.pattern import Pattern, Wildcard
from secure_signal.core.detection.matching.predicate import compile_node
from secure_signal.core.detection.matching.value import Comparison, Network, Number, Present, TimePart
from secure_signal.core.detection.rules import wording
from secure_signal.core.detection.rules.correlation import Bound

START = 1_777_600_000_000_000
ANY, ONE = Wildcard.MANY, Wildcard.ONE

NAMES = st.sampled_from(["a", "b", "b.c", "type", "user_id", "timestamp"])
TEXTS = st.sampled_from(["", "x", "X", "xy", "1", "1.0", "true", "10.0.0.1", "2026-05-01T01:53:20Z", "ß"])
PATTERNS = st.builds(
    Pattern,
    st.lists(TEXTS.filter(bool) | st.sampled_from([ANY, ONE]), max_size=3).map(tuple),
    st.booleans(),
)
EXPRESSIONS = st.builds(Expression, st.sampled_from(["x", "^x", "[0-9]+$"]), st.sampled_from(["", "i"]))
NUMBERS = st.sampled_from([0, 1, 1.0, 2.5])
OPERATORS = st.sampled_from(["lt", "lte", "gt", "gte", "eq", "neq"])
TESTS = st.one_of(
    PATTERNS,
    EXPRESSIONS,
    st.builds(Present, st.booleans()),
    st.builds(Number, NUMBERS),
    st.builds(Comparison, OPERATORS, NUMBERS),
    st.just(Network("10.0.0.0/8")),
    st.builds(TimePart, st.sampled_from(["hour", "day"]), OPERATORS, NUMBERS),
)
LEAVES: st.SearchStrategy[Node] = st.one_of(
    st.builds(Field, NAMES, TESTS),
    st.builds(Keyword, PATTERNS | EXPRESSIONS),
    st.builds(SameAs, NAMES, NAMES, st.sampled_from(["equals", "contains", "startswith", "endswith"])),
)


def _within(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    parts = st.lists(nodes, max_size=3).map(tuple)
    return st.one_of(st.builds(AllOf, parts), st.builds(AnyOf, parts), st.builds(Not, nodes))


NODES = st.recursive(LEAVES, _within, max_leaves=8)
SCALARS = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = SCALARS | st.lists(SCALARS, max_size=2) | st.fixed_dictionaries({"c": SCALARS})
PAYLOADS = st.dictionaries(st.sampled_from(["a", "b", "b.c"]), VALUES)


def event(payload: dict[str, Any]) -> Event:
    return Event("alice", "auth.login", START, payload, "s")


@given(NODES, PAYLOADS)
def test_what_is_explained_is_what_the_engine_says_of_every_part(node: Node, payload: dict[str, Any]) -> None:
    agrees(node, explain(node, event(payload)), event(payload))


def agrees(node: Node, explained: Explained, seen: Event) -> None:
    assert explained.held == compile_node(node)(seen)
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part, inner in zip(parts, explained.parts, strict=True):
                agrees(part, inner, seen)
        case Not(part):
            agrees(part, explained.parts[0], seen)


def test_a_tree_has_what_was_wanted_and_what_was_there() -> None:
    node = AllOf((Field("outcome", Pattern(("failure",))), Not(Field("ip", Network("192.0.2.0/24")))))
    told = explain(node, event({"outcome": "success", "ip": "192.0.2.7"}))
    inside = Explained("field", True, field="ip", wanted="is in the network 192.0.2.0/24", actual="192.0.2.7")
    assert told == Explained(
        "all of",
        False,
        (
            Explained("field", False, field="outcome", wanted='is "failure"', actual="success"),
            Explained("not", False, (inside,)),
        ),
    )


def test_a_keyword_tells_the_values_it_was_found_in() -> None:
    node = Keyword(Pattern(("needle",)))
    told = explain(node, event({"a": "hay", "b": {"c": ["a Needle here", "more hay"]}}))
    assert (told.held, told.actual) == (True, ["a Needle here"])


def test_another_field_is_told_with_its_value() -> None:
    told = explain(SameAs("a", "b", "startswith"), event({"a": "xy"}))
    assert (told.held, told.wanted, told.actual) == (False, "starts with the field b", {"a": "xy", "b": None})


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (Pattern(("Root",)), 'is "Root"'),
        (Pattern(("root",), cased=True), 'is "root" (its case counts)'),
        (Pattern((ANY, "x", ANY)), 'contains "x"'),
        (Pattern(("x", ANY)), 'starts with "x"'),
        (Pattern((ANY, "x")), 'ends with "x"'),
        (Pattern((ANY,)), "is any text"),
        (Pattern(("a", ONE, "b", ANY)), 'is like "a?b*"'),
        (Pattern(()), 'is ""'),
        (Expression("^a+$", "i"), "matches /^a+$/i"),
        (Present(False), "is missing"),
        (Number(5), "is 5"),
        (Comparison("gte", 2.5), "≥ 2.5"),
        (TimePart("hour", "lt", 6), "has a time whose hour is < 6"),
    ],
)
def test_words(test: Any, words: str) -> None:
    assert wording.of_test(test) == words


def test_the_words_of_a_range() -> None:
    assert wording.of_bounds((Bound("gte", 5), Bound("lt", 10))) == "≥ 5 and < 10"
