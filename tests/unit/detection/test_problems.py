"""What is wrong with a rule file is told with its line and the way to mend it, all at once."""

import os
from pathlib import Path

import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, OTHER, RULE

from secure_signal.adapters import logsource_file, rule_files
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.errors import UsageError

WITHIN = FAILED.replace(" {outcome: failure}", "\n    - outcome: failure\n    - FIELD")
PERCENTILE = BRUTE_FORCE.replace("event_count", "value_percentile").replace(
    "gte: 3", "field: size, gte: 3, percentile: 50"
)
WRONG: list[tuple[str, int, str]] = [
    (FAILED.replace("outcome:", "outcome|containz:"), 8, "containz"),
    (FAILED.replace("condition: sel", "condition: sel and flt"), 9, "flt"),
    (FAILED.replace("condition: sel", "condition: sel and"), 9, "and, or, not"),
    (FAILED.replace("condition: sel", "condition: 1 of x*"), 9, "x*"),
    (FAILED.replace("level: low", "level: hight"), 5, "informational, low, medium"),
    (FAILED.replace(RULE, "17"), 3, "UUID"),
    (FAILED.replace("name: failed_login", f"name: {'n' * 257}"), 4, "at most 256"),
    (BRUTE_FORCE.replace("level: high", f"name: {'n' * 257}"), 4, "at most 256"),
    (FAILED.replace("title: Failed login\n", ""), 2, "title"),
    (FAILED.replace("{product: app, category: authentication}", "{}"), 6, "product, category"),
    (FAILED.replace("outcome: failure", "'outcome|re': '(a'"), 8, "(a"),
    (FAILED.replace("outcome: failure", "'outcome|cidr': 10.0.0.1/8"), 8, "CIDR"),
    (FAILED.replace("outcome: failure", "'outcome|gt': x"), 8, "x"),
    (FAILED.replace("detection:", "detections:"), 2, "detection"),
    (FAILED + "  sel: {a: b}\n", 10, "sel"),
    (BRUTE_FORCE.replace("failed_login", "faild_login"), 2, "did you mean 'failed_login'?"),
    (BRUTE_FORCE.replace("10s", "10 seconds"), 9, "as in 5m"),
    (BRUTE_FORCE.replace("event_count", "event_cout"), 6, "event_count"),
    (BRUTE_FORCE.replace("gte: 3", "field: x"), 10, "exactly one"),
    (BRUTE_FORCE.replace("event_count", "value_count"), 5, "field"),
    (
        FAILED.replace("outcome:", "outcome|contain:"),
        8,
        "outcome|contain: there is no modifier 'contain'; did you",
    ),
    (FAILED.replace("outcome:", "outcome|greater:"), 8, "write one of all, "),
    (WITHIN.replace("FIELD", "ip|gt: x"), 10, "ip|gt: gt takes a number, not 'x'"),
    (WITHIN.replace("FIELD", "ip|gt: 1e308"), 10, "not '1e308', a text; write 1.0e+308 without quotes"),
    (WITHIN.replace("FIELD", "ip|gt: '1.5E-7'"), 10, "not '1.5E-7', a text; write 1.5e-7 without quotes"),
    (WITHIN.replace("FIELD", "ip|gt: '5'"), 10, "not '5', a text; write 5 without quotes"),
    (WITHIN.replace("FIELD", "ip|exists: maybe"), 10, "exists takes true or false, not 'maybe'"),
    (WITHIN.replace("FIELD", "ip|re: '(a'"), 10, "ip|re: Regular expression '(a' is invalid"),
    (WITHIN.replace("FIELD", "ip|cidr: 1.2.3.4/99"), 10, "ip|cidr: Invalid CIDR"),
    (
        WITHIN.replace("FIELD", "timestamp|lt|hour: 6"),
        10,
        "hour stands before the comparison, as in timestamp|hour|lt",
    ),
    (FAILED.replace("condition: sel", "condition: sel AND sel"), 9, "write `and` in lower case"),
    (FAILED.replace("condition: sel", "condition: sel sel"), 9, "cannot be read from 'sel' on"),
    (FAILED.replace("  condition: sel\n", ""), 7, "there is no `condition:` under `detection:`; write one"),
    (FAILED.replace("  condition", "  conditon"), 9, "'conditon' is perhaps meant to be it"),
    (FAILED.replace("  condition", "condition"), 9, "indent the one here"),
    (
        FAILED.replace("sel: {outcome: failure}", "sel:\n  outcome: failure"),
        8,
        "'sel' is empty; indent its fields",
    ),
    (
        BRUTE_FORCE.replace("gte: 3", "at_least: 3"),
        10,
        "correlation.condition.at_least is unknown; write lt, lte",
    ),
    (
        FAILED.replace("Failed login", r'"Failed \e[31mlogin"'),
        2,
        "the title has the control character U+001B",
    ),
    (FAILED.replace("failed_login", r'"failed\nlogin"'), 4, "the name has the control character U+000A"),
    (
        FAILED + r'description: "first\n\tsecond \x9b"' + "\n",
        10,
        "the description has the control character U+0",
    ),
    (BRUTE_FORCE.replace("Brute force", r'"Brute\u202e force"'), 2, "character U+202E; take it out"),
    (WITHIN.replace("FIELD", "ip|re|contains: x"), 10, "ip|re|contains: 'contains' cannot stand with re"),
    (FAILED.replace("outcome:", "outcome|expand|windash:"), 8, "'windash' cannot follow expand"),
    (FAILED.replace("outcome:", "outcome|cased|fieldref:"), 8, "cased takes a text, not"),
    (WITHIN.replace("FIELD", "at|hour: 6.5"), 10, "must be whole numbers"),
    (
        WITHIN.replace("FIELD", "{ip|cased|contains: x, ip|contains|cased: y}"),
        10,
        "'ip|contains|cased' stands twice",
    ),
    (FAILED.replace("outcome:", "outcome|base64|re:"), 8, "'base64' cannot stand with re"),
    (BRUTE_FORCE.replace("gte: 3", "gte: true"), 10, "'gte' compares with a number, not with true or false"),
    (PERCENTILE.replace("50", "99.9"), 10, "a whole number from 0 to 100"),
    (PERCENTILE.replace("50", "true"), 10, "a whole number from 0 to 100"),
    (PERCENTILE.replace("50", "[50]"), 10, "a whole number from 0 to 100"),
    (PERCENTILE.replace("50", "null"), 10, "a whole number from 0 to 100"),
    (PERCENTILE.replace("50", "101"), 10, "a whole number from 0 to 100"),
    (PERCENTILE.replace(", percentile: 50", ""), 5, "needs a 'percentile' in its condition"),
    (
        BRUTE_FORCE + "  aliases: {who: {faild_login: ip}}\n",
        11,
        "alias 'who' is for 'faild_login', which rules does not list; did you mean 'failed_login'?",
    ),
    (BRUTE_FORCE + "  aliases: {who: {other: ip}}\n", 11, "list it, or take it out"),
    (BRUTE_FORCE + f"name: {RULE}\n", 2, f"the name '{RULE}' is the id of "),
    (WITHIN.replace("FIELD", "ip: []"), 10, "ip: it has no values; write one, null for a field that is"),
    (WITHIN.replace("FIELD", "ip|re: []"), 10, "ip|re: it has no values"),
    (BRUTE_FORCE.replace("group-by: user_id", "group-by: [a, '']"), 8, "correlation.group-by has an empty"),
    (BRUTE_FORCE.replace("group-by: user_id", "group-by: [a, b, a]"), 8, "group-by has 'a' twice; take one"),
    (
        BRUTE_FORCE.replace("group-by: user_id", f"group-by: [{', '.join(f'f{n}' for n in range(101))}]"),
        8,
        "group-by has 101 fields, more than 100; take fewer",
    ),
    (BRUTE_FORCE.replace("gte: 3", "gte: 3, field: ''"), 10, "correlation.condition.field has an empty name"),
    (BRUTE_FORCE.replace("gte: 3", "gte: 3, field: []"), 10, "condition.field names no field"),
    (BRUTE_FORCE + "  aliases: {who: {failed_login: ''}}\n", 11, "correlation.aliases.who has an empty name"),
    (BRUTE_FORCE + "  aliases: {'': {failed_login: ip}}\n", 11, "has an empty name; write the field's"),
    ("a:\n  b: c\n d: e\n", 3, "the indentation differs"),
    ("- a\n- b\n", 1, "mapping"),
    ("title: [a\n", 2, "YAML"),
    ("a: b\n\tc: d\n", 2, "YAML"),
    ("action: global\ntitle: x\n", 1, "action"),
]


@pytest.mark.parametrize(("text", "line", "words"), WRONG, ids=[w for _, _, w in WRONG])
def test_the_line_and_the_way_out(text: str, line: int, words: str, load: Load) -> None:
    sound = (
        FAILED
        if text.strip().startswith("title: Brute")
        else FAILED.replace(RULE, OTHER).replace("name: ", "# ")
    )
    with pytest.raises(UsageError) as error:
        load(sound, text)
    message = str(error.value)
    assert f"rule-2.yml:{line}: " in message
    assert words in message
    assert "1 problem." in message


def test_a_problem_shows_the_control_characters_that_it_quotes(load: Load) -> None:
    with pytest.raises(UsageError, match=r"there is no modifier '\\x1b\[31m'"):
        load(FAILED.replace("outcome:", r'"outcome|\e[31m":'))


def test_all_problems_of_all_files_are_told_together(load: Load) -> None:
    with pytest.raises(UsageError) as error:
        load(*(text for text, _, _ in WRONG[:3]), FAILED, FAILED)
    message = str(error.value)
    assert all(f"rule-{n}.yml" in message for n in (1, 2, 3, 5))
    assert f"the id '{RULE}' is taken by" in message


def test_all_that_is_wrong_with_the_fields_of_a_detection_is_told_together(load: Load) -> None:
    fields = ["a|containz: x", "b|re: '(a'", "c: sound", "d|cidr: 1.2.3.4/99", "e|all|all: x"]
    selection = "\n" + "".join(f"    {field}\n" for field in fields)
    wrong = FAILED.replace(" {outcome: failure}", selection.rstrip())
    exempt = wrong.replace("detection:", "filter:\n  rules: any").replace(f"id: {RULE}", "status: test")
    with pytest.raises(UsageError) as error:
        load(wrong, exempt)
    told = [line.partition("rule-")[2] for line in str(error.value).splitlines()[1:]]
    assert [what.split(": ")[:2] for what in told] == [
        [f"{file}.yml:{line + file}", field]
        for file in (1, 2)
        for line, field in ((8, "a|containz"), (9, "b|re"), (11, "d|cidr"), (12, "e|all|all"))
    ]


def test_of_very_many_fields_that_are_wrong_the_first_are_told(load: Load) -> None:
    fields = "".join(f"    f{number}|containz: x\n" for number in range(1_000))
    with pytest.raises(UsageError, match="51 problems"):
        load(FAILED.replace(" {outcome: failure}", f"\n{fields.rstrip()}"))


def test_a_field_nested_deep_is_told_where_its_list_is(load: Load) -> None:
    deep = "\n    - " + "[" * 20 + "{'a|containz': x}" + "]" * 20
    with pytest.raises(UsageError, match=r"rule-1.yml:9: a\|containz: there is no modifier"):
        load(FAILED.replace(" {outcome: failure}", deep))


def test_a_condition_is_told_with_the_fields_that_it_is_over(load: Load) -> None:
    with pytest.raises(UsageError) as error:
        load(FAILED.replace("outcome:", "outcome|containz:").replace("condition: sel", "condition: 5"))
    assert "2 problems" in str(error.value)


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join(['*a' + str(n - 1)] * 10)}]\n" for n in range(1, 10)
)
MERGE_BOMB = "a0: &a0 {x: y}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join(['*a' + str(n - 1)] * 10)}]}}\n" for n in range(1, 10)
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "nodes .of an alias, those it stands for count.; split the document"),
        (MERGE_BOMB, "nodes .of an alias"),
        (f"a: &a '{'x' * 1_000}'\nb: [{', '.join(['*a'] * 1_100)}]\n", "characters .of an alias"),
        ("a: &a [*a]\n", "nested"),
        ("a: " + "[" * 900 + "]" * 900, "nested"),
        ("a: " + "9" * 5000, "YAML"),
        ("title: x" + " " * 1024 * 1024, "bytes"),
        ("a: !!python/object:os.system []", "YAML"),
    ],
    ids=["bomb", "merges", "texts", "itself", "deep", "digits", "large", "tag"],
)
def test_hostile_yaml_is_refused(text: str, words: str, load: Load) -> None:
    with pytest.raises(UsageError, match=words):
        load(text)


def test_a_text_too_long_to_be_compiled(load: Load) -> None:
    text = "?" + "ab" * 450_000
    with pytest.raises(UsageError, match=r"rule-2.yml:2: .* is too long"):
        load(FAILED, FAILED.replace("failure", f"'{text}'").replace(RULE, OTHER).replace("name: ", "name: x"))


def test_bytes_that_are_no_text(load: Load, tmp_path: Path) -> None:
    load(FAILED)
    (tmp_path / "rules" / "rule-2.yml").write_bytes(b"id: x\ntitle: \xff")
    with pytest.raises(UsageError, match=r"rule-2.yml:2: cannot be read: not UTF-8 at byte 13; save it"):
        rule_files.load(tmp_path / "rules", tmp_path / "logsources.toml")


def test_a_folder_that_is_not_there_or_empty(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such folder"):
        rule_files.load(tmp_path / "none", None)
    with pytest.raises(UsageError, match="no rules"):
        rule_files.load(tmp_path, None)


def test_a_pipe_in_the_place_of_rules_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="pipe: is neither a folder nor a regular file"):
        rule_files.load(tmp_path / "pipe", None)


def test_a_line_that_a_file_name_ends_is_told_in_one(tmp_path: Path) -> None:
    (tmp_path / "a\nb.yml").write_text("- 1\n")
    _, (problem,) = rule_files.check(tmp_path)
    assert str(problem).startswith(rf"{tmp_path}/a\nb.yml:1: ")


def test_check_tells_all_of_all_folders_and_raises_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty.yml").write_text("# nothing yet\n")
    (tmp_path / "gone.yml").symlink_to("gone.yml")
    (tmp_path / "wrong.yaml").write_text("title: x\nlogsource: {product: a}\n---\n- 1\n")
    ruleset, problems = rule_files.check([tmp_path, tmp_path / "none"], tmp_path / "none.toml")
    assert ruleset is None
    assert {
        (Path(p.file).name, p.line, p.what.removeprefix("cannot be used as a rule: ").partition(";")[0])
        for p in problems
    } == {
        ("empty.yml", None, "is empty"),
        ("gone.yml", None, "cannot be read: Too many levels of symbolic links"),
        ("none", None, "there is no such folder or file of rules"),
        ("none.toml", None, "cannot be read: No such file or directory"),
        ("wrong.yaml", 1, "Sigma rule must have a detection definitions"),
        ("wrong.yaml", 4, "a rule is a mapping with keys such as title, logsource and detection"),
    }


def test_what_is_hidden_and_what_a_link_leads_back_to_is_not_read(load: Load, tmp_path: Path) -> None:
    load(FAILED)
    (tmp_path / "rules" / "again").symlink_to(tmp_path / "rules")
    (tmp_path / "rules" / ".git").mkdir()
    (tmp_path / "rules" / ".git" / "a.yml").write_text("no rule")
    assert len(rule_files.load(tmp_path / "rules").rules) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "logsource = []",
        "logsource = 5",
        "logsource = ['a']",
        "logsource = [['type']]",
        "[logsource]\ntype = 'a'",
        "[[logsources]]\ntype = 'a'",
        "[[logsource]]\ntype = 'a'\n[[logsources]]\ntype = 'b'",
        "[[logsource]]\ntype = 'a'\nproduct = 'b'\n[[logsource]]\ntype = 'a'",
        "[[logsource]]\nproduct = 'app'",
        "[[logsource]]\ntype = 1",
        "[[logsource]]\ntype = ''",
        "[[logsource]]\ntype = 'auth*'",
        "[[logsource]]\ntype = 'a'\nprodct = 'b'",
        "[[",
        "a = " + "[" * 5000 + "]" * 5000,
        "type = '\udcff'",
    ],
)
def test_a_wrong_logsources_file_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "logsources.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UsageError, match=r"logsources\.toml:.* .*\[\[logsource\]\] tables|stands twice"):
        logsource_file.read(file)


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (
            "[[logsource]]\ntype = 'a'\n[[logsource]]\ntype = 'b'\nservise = 'c'\n",
            3,
            "logsource number 2: the key 'servise' is unknown",
        ),
        (
            "# first\n[[logsource]]\ntype = 'a*'\n",
            2,
            "logsource number 1.type: is neither exact nor a prefix with `.*` at its end",
        ),
        ("[[logsource]]\ntype = 'a'\n[[logsource]]\ntype = 'a'\n", 3, "the type 'a' stands twice"),
        ("[[logsource]]\ntype = \n", 2, "is no TOML: invalid value"),
        ("[[logsource]]\ntype = 'a'\n# \udcff\n", 3, "cannot be read: not UTF-8"),
        ("[[logsource]]\ntype = 'a'\nn = " + "9" * 100_000, 3, "has a number of thousands of digits"),
    ],
)
def test_a_wrong_table_of_a_logsources_file_is_told_with_its_line(
    text: str, line: int, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "logsources.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))
    found = logsource_file.check(file)
    assert isinstance(found, Problem)
    assert (found.line, words in found.what) == (line, True), found


def test_a_logsources_file_is_neither_waited_for_nor_read_without_end(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for file in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(UsageError, match="cannot be read: it is no regular file"):
            logsource_file.read(file)
    (tmp_path / "long").write_text("#" * 2_000_000)
    with pytest.raises(UsageError, match="more than 1048576 bytes"):
        logsource_file.read(tmp_path / "long")


def test_a_logsources_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.toml: cannot be read: No such file"):
        logsource_file.read(tmp_path / "none.toml")
