"""Regular expressions: RE2's, and those beyond it, which neither hang nor fill the memory."""

import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import FAILED, OTHER, RULE, signal
from tests.unit.detection.test_engine import observe

from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.matching.allowance import BoundError
from secure_signal.core.detection.matching.backtracking import LONGEST_TEXT, ExpressionError
from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.errors import UsageError

CATASTROPHIC = r"^(?=a)(a|aa)+\1!$"


@pytest.mark.parametrize(
    ("source", "flags", "text", "found"),
    [
        ("B+", "", "abba", False),
        ("B+", "i", "abba", True),
        ("^b", "", "a\nb", False),
        ("^b", "m", "a\nb", True),
        ("a.b", "", "a\nb", False),
        ("a.b", "s", "a\nb", True),
        # The same beyond RE2.
        ("(?!x)B+", "", "abba", False),
        ("(?!x)B+", "i", "abba", True),
        ("(?!x)^b", "", "a\nb", False),
        ("(?!x)^b", "m", "a\nb", True),
        ("(?!x)a.b", "", "a\nb", False),
        ("(?!x)a.b", "s", "a\nb", True),
        (r"(.)\1", "", "abba", True),
        (r"(.)\1", "", "abab", False),
        ("(?<!a)b", "", "ab", False),
        # PCRE's: cmd.exe takes a vertical tab for a space, and a line's end at the end hides nothing.
        (r"net\suse", "", "net\x0buse", True),
        (r"net[\s,]use", "", "net\x0buse", True),
        (r"net[^\s]use", "", "net\x0buse", False),
        (r"net[^\S ]use", "", "net\x0buse", True),
        (r"net\Suse", "", "net\x0buse", False),
        (r"(?!x)^\w+$", "", "Žiga", False),
        (r"(?!x)ž", "i", "Žiga", True),
        (r"foo\(?max$", "", "foo(max\n", True),
        (r"(?!x)net\suse", "", "net\x0buse", True),
        ("use$", "", "net use\n", True),
        ("^net$|^use$", "", "use\n", True),
        ("use$", "", "net use\n\n", False),
        ("use$", "", "net use\nx", False),
        ("use$", "m", "net use\nx", True),
        ("(?im)USE$", "", "net use\nx", True),
        ("(?i)USE$", "", "net use\nx", False),
        (r"use\$", "", "net use\n", False),
        (r"use[$\]]", "", "net use\n", False),
        (r"use[$\]]", "", "net use]", True),
        (r"\Qu$\s\E$", "", "u$\\s\n", True),
        (r"(?!x)use$", "", "net use\n", True),
    ],
)
def test_found_or_not(source: str, flags: str, text: str, found: bool) -> None:
    assert Expression(source, flags).matcher()(text) is found


def test_texts_that_take_long_take_no_more_than_a_share_of_the_time() -> None:
    matches = Expression(CATASTROPHIC).matcher()
    evil, outcomes = "a" * 60 + "?", []
    for _ in range(400):
        try:
            outcomes.append(matches(evil))
        except BoundError as error:
            outcomes.append("of late" in str(error))
    # Each search takes 5 ms, and a text earns a quarter of one.
    assert outcomes[0] is False
    assert outcomes.count(True) > 330
    assert outcomes[-40:].count(True) > 30


def test_backtracking_is_given_up_in_time_and_in_long_texts() -> None:
    matches = Expression(CATASTROPHIC).matcher()
    assert matches("aaaa!")
    for text in ("a" * 60 + "?", "a" * (LONGEST_TEXT + 1)):
        with pytest.raises(BoundError):
            matches(text)


def test_a_large_expression_is_searched_for_no_longer_than_its_size_allows() -> None:
    matches = Expression("(.*a){900}b").matcher()
    assert matches("a" * 900 + "b")
    with pytest.raises(BoundError):
        matches("a" * 100_000)
    assert Expression(".{1000,}").matcher()("a" * 7_000)


@pytest.mark.parametrize(
    "source",
    [
        "(?=a)(((a{1000}){1000}){1000})",
        "(?=a)" + "b" * 1_000,
        "(" * 300 + "a" + ")*" * 300 + "(?=a)",
        "(?:(?R)|a)*$",
        r"(?P<a>b(?&a))",
        "(?=a)(?:foo){e<=9}",
        "(a",
    ],
)
def test_what_no_engine_can_run_within_bounds_is_refused(source: str) -> None:
    with pytest.raises(ExpressionError):
        Expression(source).matcher()


def test_a_catastrophe_is_counted_and_stops_no_other_rule(load: Load) -> None:
    rule = FAILED.replace("outcome: failure", f"'outcome|re': '{CATASTROPHIC}'")
    other = FAILED.replace("outcome: failure", "'outcome|re': '^(a+)+[?]$'").replace(RULE, OTHER)
    ruleset = load(rule, other.replace("name: ", "# "))
    ((named, notice),) = ruleset.notices
    assert named.id == RULE
    assert CATASTROPHIC in notice
    assert "(?=" in notice.partition("RE2 cannot run it")[2]
    engine = Engine(ruleset)
    (found,) = observe(engine, signal(0, payload={"outcome": "a" * 60 + "?"}))
    assert found.rule_id == OTHER
    assert engine.errors == {RULE: 1}


def test_an_expression_of_a_megabyte_is_refused_with_its_line(load: Load) -> None:
    with pytest.raises(UsageError, match=r"rule-1.yml:8: .{0,500}may have 10000 characters"):
        load(FAILED.replace("outcome: failure", f"'outcome|re': '{'(a|b)?' * 150_000}'"))


def test_many_groups_take_no_memory_by_their_square() -> None:
    assert Expression("(a|b)?" * 1_600 + "$").matcher()("ab" * 8_000)
