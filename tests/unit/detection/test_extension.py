"""The key ``secure_signal`` of a rule file: what it says, and what is said of it where it is wrong."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigma.collection import SigmaCollection
from tests.unit.detection.samples import FAILED, LATER

from secure_signal.adapters import rule_yaml
from secure_signal.core.detection.sigma import extension, timespan
from secure_signal.core.detection.sigma.compiler import compile_rules
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.extension import Extension, ExtensionError
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.instant import SECOND

HEAD = FAILED + "secure_signal:\n"
LINE = HEAD.count("\n")
EXAMPLE = "  tests:\n    - name: a\n      finds: 1\n      signals:\n        - type: auth.login\n"


def documents(text: str) -> list[Document]:
    return [item for item in rule_yaml.read(text.encode(), "f.yml") if isinstance(item, Document)]


def read(text: str) -> Extension:
    (document,) = documents(HEAD + text)
    return extension.read(document)


def problems(text: str) -> list[Problem]:
    return compile_rules(documents(text))[1]


def test_bursts_are_spread_and_follow_each_other_by_a_second() -> None:
    (example,) = read(
        EXAMPLE
        + "          times: 3\n          every: 10s\n        - {type: b}\n        - {type: c, at: 5s}\n"
    ).tests
    sent = example.stream()
    assert [((s.timestamp - sent[0].timestamp) // SECOND, s.type, s.id) for s in sent] == [
        (0, "auth.login", "signal-1"),
        (5, "c", "signal-5"),
        (10, "auth.login", "signal-2"),
        (20, "auth.login", "signal-3"),
        (21, "b", "signal-4"),
    ]
    assert sent[-1].timestamp < LATER


def test_the_start_sets_the_time_of_day() -> None:
    (example,) = read(
        "  tests: [{name: a, start: 2026-05-01T03:00:00Z, finds: 0, signals: [{type: b}]}]"
    ).tests
    assert example.start.hour == 3


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("  supress: 5m\n", 1, "secure_signal.supress: is unknown; write suppress or tests"),
        ("  suppress: 5\n", 1, "'5' is no timespan"),
        ("  suppress: 9999w\n", 1, "longer than ten years"),
        ("  5: 1\n", 0, "expected a text"),
        ("", 0, "expected a mapping, got nothing"),
        (EXAMPLE + "          payload: [1]\n", 6, "signals[1].payload: expected a mapping, got a list"),
        (EXAMPLE + "          paylod: {}\n", 6, "paylod: is unknown; write type, at, user_id"),
        (EXAMPLE + "          at: soon\n", 6, "'soon' is no timespan"),
        (EXAMPLE + "          times: 1000000000\n", 6, "times: expected a whole number <= 10000"),
        (EXAMPLE + "        - {type: ''}\n", 2, "signal number 2 is none: type: must have 1 to 128"),
        (EXAMPLE + "      start: noon\n", 6, "start: is no time with a zone"),
        (EXAMPLE + "      groups: 5\n", 6, "groups: expected a list or nothing, got a whole number"),
        (EXAMPLE + "      groups: []\n", 2, "groups lists 0, finds says 1"),
        (EXAMPLE + "          times: 9000\n        - {type: b, times: 9000}\n", 2, "may have 10000 signals"),
        (EXAMPLE + "        - {type: b, at: 5m}\n      start: 9999-12-31T23:59:59Z\n", 2, "out of range"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_way_out(text: str, line: int, what: str) -> None:
    (problem,) = problems(HEAD + text)
    assert problem.line == LINE + line
    assert what in problem.what


def test_only_a_correlation_has_groups_to_suppress() -> None:
    (problem,) = problems(HEAD + "  suppress: 1h\n")
    assert (problem.line, "only a correlation" in problem.what) == (LINE + 1, True)


def test_a_filter_has_no_tests_of_its_own() -> None:
    text = "title: F\nlogsource: {product: app}\nfilter:\n  rules: any\n  sel: {a: b}\n  condition: not sel\n"
    assert not problems(text)
    (problem,) = problems(text + "secure_signal:\n" + EXAMPLE)
    assert (problem.line, problem.what[:29]) == (8, "a filter finds nothing by its")


def test_other_tools_pass_over_the_key_and_the_rule_means_the_same() -> None:
    assert not SigmaCollection.from_yaml(HEAD + EXAMPLE).errors
    (with_tests,), *_ = compile_rules(documents(HEAD + EXAMPLE))
    (without,), *_ = compile_rules(documents(FAILED))
    assert with_tests.digest == without.digest


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3), st.binary(max_size=2),
    st.datetimes(), st.dates(), st.sampled_from(["5m", "999999999w", "auth.login"]),
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "suppress",
        "tests",
        "name",
        "signals",
        "finds",
        "groups",
        "start",
        "type",
        "at",
        "payload",
        "times",
        "every",
    ]
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | SCALARS.filter(bool), inner, max_size=5)
    ),
    max_leaves=12,
)
BURSTS = st.fixed_dictionaries(
    {"type": st.just("a")}, optional=dict.fromkeys(["at", "payload", "times"], VALUES)
)
EXAMPLES = st.fixed_dictionaries(
    {"name": st.just("a"), "finds": st.just(0), "signals": st.lists(BURSTS, min_size=1, max_size=2)},
    optional={"start": VALUES, "groups": VALUES},
)


@given(VALUES | st.fixed_dictionaries({"tests": st.lists(EXAMPLES, max_size=2)}))
def test_whatever_it_says_it_is_read_or_refused(content: Any) -> None:
    try:
        examples = extension.read(Document({"correlation": {}, "secure_signal": content}, "f.yml")).tests
    except ExtensionError as error:
        assert error.paths
    else:
        assert all(example.stream() for example in examples)


@given(st.integers(0, 80_000), st.sampled_from(["ms", "s", "m", "h"]))
def test_a_timespan_is_written_as_it_is_read(number: int, unit: str) -> None:
    span = timespan.parse(f"{number}{unit}")
    assert timespan.parse(timespan.render(span)) == span
