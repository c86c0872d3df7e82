"""Hostile rule files each give one clear problem with file and line, soon, and no traceback.

The bounds are tested by what they refuse: beyond them loading would take seconds to hours, or gigabytes.
"""

from pathlib import Path

import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, OTHER, RULE

from secure_signal.adapters import rule_files
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.sigma import sigma_filter


def asking(selection: str, condition: str = "sel") -> str:
    text = FAILED.replace("{outcome: failure}", selection)
    return text.replace("condition: sel", f"condition: {condition}")


def values(field: str, text: str, count: int) -> str:
    return "\n    " + field + ":\n" + "".join(f"      - {text % number}\n" for number in range(count))


SELECTIONS = "{a: b}\n" + "".join(f"  sel{number}: {{a: b}}\n" for number in range(200))
CYCLE = BRUTE_FORCE.replace("failed_login", "cycle").replace("title: Brute", "name: cycle\ntitle: Brute")
ALIAS = BRUTE_FORCE.replace("  timespan:", "  aliases: {address: {failed_login: FIELD}}\n  timespan:")
DASHES = "|".join(["windash"] * 25)
FILTER = """title: Filter
logsource: {product: app}
filter:
  rules: any
  sel: {a: '-a b'}
  condition: not sel
"""

CASES: dict[str, tuple[str, int, str]] = {
    "nested parentheses": (
        asking("{a: b}", "(" * 10_000 + "sel" + ")" * 10_000),
        9,
        "longer than 10000 characters; split the rule",
    ),
    "nested not": (asking("{a: b}", "not " * 2_400 + "sel"), 9, "is nested too deep; name parts of it"),
    "of and of": (
        asking(SELECTIONS, " or ".join(["1 of sel*"] * 200)),
        210,
        "10000 selections; split the rule into several",
    ),
    "pattern of stars": (asking("{a: b}", "1 of " + "*s" * 4_000), 2, "may have 10000 characters"),
    "values": (asking(values("a", "v%d", 20_000)), 10, "count); split the document into several"),
    "dashes": (
        asking(values("a|windash", "-a%d -b -c", 100)),
        9,
        "a|windash: its values have more than 10000 spellings",
    ),
    "dashes in one value": (asking("{'a|windash': '-a -b -c -d'}"), 8, "at most three dash"),
    "expression": (asking("{'a|re': '" + "(a|b)?" * 150_000 + "'}"), 8, "may have 10000 characters"),
    "expressions": (asking(values("'a|re|i'", r"'\pL{300}%d'", 101)), 7, "More than 100 expressions"),
    "instructions": (
        asking("{'a|re': ['(.*a){900}b', '(.*a){901}b', '(.*a){902}b']}"),
        2,
        "too large together",
    ),
    "keywords": (asking("[" + ", ".join(f"'k*{n}*x'" for n in range(101)) + "]"), 2, "keywords with ? or *"),
    "very many expressions": (asking(values("'a|re|i'", r"'\pL{300}%d'", 9_000)), 7, "More than 100"),
    "documents": ("a: b\n---\n" * 5_000, 10_000, "more than 5000 documents"),
    "repeats": (asking("{'a|re': '(?=a)(((a{1000}){1000}){1000})'}"), 8, "repeat less"),
    "network": (asking("{'a|cidr': 999.1.1.1/99}"), 8, "999.1.1.1/99"),
    "modifier": (asking("{'a|contains|frobnicate': x}"), 8, "frobnicate"),
    "modifiers that exclude each other": (asking("{'a|contains|re': x}"), 8, "cannot stand with re"),
    "digits": (asking("{a: " + "9" * 4_000 + "}"), 8, "its number is none, or too large"),
    "more digits": (asking("{a: " + "9" * 5_000 + "}"), 8, "cannot be the number or date"),
    "no date": (asking("{a: 2026-13-45}"), 8, "'2026-13-45' cannot be the number or date"),
    "no truth": (asking("{a: !!bool x}"), 8, "'x' is not what its tag says; take the tag out"),
    "no time": (asking("{a: !!timestamp x}"), 8, "'x' is not what its tag says"),
    "no integer": (asking("{a: !!int ''}"), 8, "'' is not what its tag says"),
    "many minutes": (asking("{a: " + "1:" * 5_000 + "1.5}"), 8, "cannot be the number or date"),
    "binary digits": (asking("{a: 0b" + "1" * 20_000 + "}"), 8, "its number is none, or too large"),
    "date as value": (asking("{a: 2026-01-01}"), 8, "a: 2026-01-01 is read as a date; put it in quotes"),
    "bytes as value": (asking("{a: !!binary aGk=}"), 8, "a: its value is tagged as something"),
    "mapping as value": (asking("{a: {b: c}}"), 8, "a: it has a mapping for a value; name the field"),
    "list within a list": (asking("{a: [[1]]}"), 8, "a: it has a list within the list"),
    "set as value": (asking("{a: !!set {b}}"), 8, "a: its value is tagged as something"),
    "set as selection": (asking("!!set {b}"), 8, "sel: its value is tagged as something"),
    "no number": (asking("{a: .nan}"), 8, "a: its number is none, or too large; write one below"),
    "endless number": (asking("{'a|gt': .inf}"), 8, "a|gt: its number is none, or too large"),
    "null as keyword": (asking("[null, x]"), 8, "sel: null is a field that is missing, and so needs one"),
    "network as keyword": (asking("{'|cidr': 10.0.0.0/8}"), 2, "make of it needs a field"),
    "no keywords": (asking("[]"), 8, "the selection 'sel' is empty"),
    "digits of a timespan": (BRUTE_FORCE.replace("10s", "9" * 5_000 + "s"), 9, "has 5,001 characters"),
    "list as type": (
        BRUTE_FORCE.replace("event_count", "[a]"),
        6,
        "The type must be a text; write event_count",
    ),
    "cut condition": (
        asking("{a: b}", "sel and"),
        9,
        "the condition ends where a selection is missing; join",
    ),
    "empty condition": (asking("{a: b}", "''"), 9, "The condition is empty; join"),
    "open parenthesis": (asking("{a: b}", "(sel"), 9, "the condition has a parenthesis that is not closed"),
    "seven of them": (asking("{a: b}", "7 of them"), 9, "`of` stands between 1, any or all and them"),
    "pipe": (asking("{a: b}", "sel | count() > 3"), 9, "a | is no longer a part of conditions"),
    "no condition": (asking("{a: b}", ""), 9, "must be a text"),
    "number as condition": (asking("{a: b}", "5"), 9, "must be a text"),
    "name of a selection": (asking("{a: b}", "x" * 9_000), 9, "not defined"),
    "title": (FAILED.replace("Failed login", "x" * 100_000), 2, "256 characters"),
    "name": (FAILED.replace("name: failed_login", "name: [1]"), 4, "name must be a text"),
    "modifier twice": (
        asking("{'a|base64offset|base64offset': x}"),
        8,
        "a|base64offset|base64offset: a modifier stands twice",
    ),
    "modifier again and again": (asking(f"{{'a|{DASHES}': '-a b'}}"), 8, "a modifier stands twice"),
    "modifier again and again in a filter": (FILTER.replace("a:", f"a|{DASHES}:"), 5, "stands twice"),
    "nothing within": (asking("{'a|contains': null}"), 8, "a|contains: contains takes a text, not 'null'"),
    "number as expression": (asking("{'a|re': 5}"), 8, "must be texts"),
    "networks": (asking(values("'a|cidr'", "2001:db8:%d::/48", 1_001)), 2, "more than 1000"),
    "rules": (BRUTE_FORCE.replace("failed_login", f"[{', '.join(['a'] * 1_001)}]"), 7, "More than 1000"),
    "number as alias": (ALIAS.replace("FIELD", "5"), 9, "'address' must be a text"),
    "itself": (CYCLE, 8, "itself"),
    "brackets": ("a: " + "[" * 200_000, 1, "nested deeper than 32 levels"),
    "lists of lists": ("- " * 200_000, 1, "nested deeper than 32 levels"),
    "control character": (FAILED.replace("Failed login", "\x01"), 2, "control characters"),
    "size": (FAILED + "#" * 1024 * 1024, 0, "more than 1048576 bytes"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_hostile_file_is_one_clear_problem(name: str, load: Load, tmp_path: Path) -> None:
    text, line, words = CASES[name]
    load(FAILED.replace(RULE, OTHER).replace("failed_login", "sound"))
    (tmp_path / "rules" / "hostile.yml").write_text(text)
    ruleset, (problem,) = rule_files.check(tmp_path / "rules", tmp_path / "logsources.toml")
    assert ruleset is None
    assert problem.file.endswith("hostile.yml")
    assert (problem.line or 0, words in problem.what) == (line, True), problem
    assert len(str(problem)) < 1_000


def test_filters_of_many_values_on_many_rules_are_refused(
    load: Load, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,000 rules and a filter of 15,000 values would take gigabytes."""
    monkeypatch.setattr(sigma_filter, "MOST_TESTS", 5)
    load(FAILED, FAILED.replace(RULE, OTHER).replace("failed_login", "other"))
    narrowing = (
        "title: F\nlogsource: {product: app}\nfilter: {rules: any, sel: {a: VALUES}, condition: not sel}\n"
    )
    two = narrowing.replace("VALUES", "[x, y]")
    (tmp_path / "rules" / "two.yml").write_text(two)
    folder = tmp_path / "rules", tmp_path / "logsources.toml"
    assert rule_files.check(*folder)[1] == []
    (tmp_path / "rules" / "two.yml").write_text(f"{two}---\n{two}")
    ruleset, (problem,) = rule_files.check(*folder)
    assert (ruleset, problem.line, "name fewer rules" in problem.what) == (None, 5, True)


def test_an_engine_of_many_correlations_of_many_rules_is_made_soon(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"r{number}" for number in range(50)]
    rules = [
        FAILED.replace(RULE, f"11111111-1111-4111-8111-{n:012}").replace("failed_login", name)
        for n, name in enumerate(names)
    ]
    ruleset = load(*rules, BRUTE_FORCE.replace("failed_login", f"[{', '.join(names)}]"))
    asked: list[str] = []
    is_local = Correlation.is_local

    def counted(rule: Correlation) -> bool:
        asked.append(rule.id)
        return bool(is_local.__get__(rule))

    monkeypatch.setattr(Correlation, "is_local", property(counted))
    Engine(ruleset)
    assert len(asked) < len(names)


def test_what_is_large_and_sound_is_loaded(load: Load) -> None:
    documents = (FAILED.replace("1111-4111", f"{n:04}-4111").replace("failed", f"n{n}") for n in range(500))
    wildcards = asking(values("'a|base64offset|contains'", "abcdefgh%d", 500)).replace(RULE, OTHER)
    assert len(load("---\n".join(documents), wildcards.replace("failed_login", "wide")).rules) == 501


def test_every_document_with_an_id_taken_is_told(load: Load, tmp_path: Path) -> None:
    load(FAILED)
    (tmp_path / "rules" / "rule-2.yml").write_text("---\n".join([FAILED.replace("name: ", "# ")] * 30))
    _, problems = rule_files.check(tmp_path / "rules", tmp_path / "logsources.toml")
    assert [p.line for p in problems] == [2 + 10 * number for number in range(30)]
    assert all(f"the id '{RULE}' is taken by" in p.what for p in problems)
