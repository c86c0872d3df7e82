"""What is left of a condition once the type is known says the same of signals of that type."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detection.samples import signal

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.field import fold
from secure_signal.core.detection.matching import type_test
from secure_signal.core.detection.matching.condition import AllOf, AnyOf, Field, Node, Not
from secure_signal.core.detection.matching.pattern import Pattern, Wildcard
from secure_signal.core.detection.matching.predicate import compile_node

TYPES = st.sampled_from(["auth.login", "Auth.Login", "auth.mfa", "é"])
PATTERNS = st.builds(
    Pattern, st.lists(TYPES | st.sampled_from(["auth", *Wildcard]), max_size=3).map(tuple), st.booleans()
)
NODES: st.SearchStrategy[Node] = st.recursive(
    st.builds(Field, st.sampled_from(["type", "a"]), PATTERNS),
    lambda inner: (
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple))
        | st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Not, inner)
    ),
    max_leaves=6,
)


@given(NODES, TYPES, TYPES)
def test_a_condition_means_the_same_once_the_type_is_known(node: Node, kind: str, value: str) -> None:
    event = Event.of(signal(0, kind=kind, payload={"a": value}))
    holds = compile_node(node)(event)
    assert compile_node(type_test.given(node, fold(kind)))(event) == holds
    named = type_test.types_of(node)
    assert not holds or named is None or fold(kind) in named
