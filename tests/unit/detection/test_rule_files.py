"""Which rules of a folder run, and with which values; filters; and the cache of what was compiled."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, OTHER, RULE, SUM, signal
from tests.unit.detection.test_engine import observe

from secure_signal.adapters import rule_cache, rule_files
from secure_signal.adapters.rule_watch import RuleWatch
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.rules.ruleset import RuleSet

SUCCEEDED = (
    FAILED.replace(RULE, OTHER).replace("failed_login", "login").replace("level: low", "level: high")
) + "status: experimental\n"
EXEMPT = """
title: The test account
logsource: {product: app}
filter:
  rules: [failed_login]
  selection: {user_id: tester}
  condition: not selection
"""


def ids(ruleset: RuleSet) -> set[str]:
    return {rule.id for rule in ruleset.rules}


@pytest.fixture
def settled(load: Load, tmp_path: Path) -> Load:
    """A rule set of a rules.toml and rule files."""

    def settled(settings: str, *texts: str) -> RuleSet:
        (tmp_path / "rules").mkdir(exist_ok=True)
        (tmp_path / "rules" / "rules.toml").write_text(settings)
        return load(*texts)

    return settled


@pytest.mark.parametrize(
    ("settings", "running"),
    [
        ("", {RULE, OTHER}),
        ("level = 'medium'", {OTHER}),
        ("status = 'test'", {RULE}),  # A rule that does not tell its status is not below any.
        (f"disable = ['{RULE}']", {OTHER}),
        ("disable = ['login']", {RULE}),
        ("disable = ['log*']", {RULE}),
        ("disable = ['rule-1.yml']", {OTHER}),
        ("disable = ['*']", set()),
        ("disable = ['*']\nenable = ['login']", {OTHER}),
        ("level = 'critical'\nenable = ['rule-1*']", {RULE}),
    ],
)
def test_which_rules_run(settings: str, running: set[str], settled: Load) -> None:
    ruleset = settled(settings, FAILED, SUCCEEDED)
    assert ids(ruleset) == running
    off = 2 - len(running)
    assert {each.id for each in ruleset.off} == {RULE, OTHER} - running
    told = [f"rules/rules.toml switches off {off} of 2 rules: "] if off else []
    assert all(words in remark for words, remark in zip(told, ruleset.remarks, strict=True))


def test_a_folder_is_disabled_by_its_path(settled: Load, tmp_path: Path) -> None:
    settled("disable = ['off', 'of']", FAILED)
    (tmp_path / "rules" / "off" / "deep").mkdir(parents=True)
    (tmp_path / "rules" / "off" / "deep" / "a.yml").write_text(SUCCEEDED)
    ruleset = rule_files.load(tmp_path / "rules", tmp_path / "logsources.toml")
    assert ids(ruleset) == {RULE}
    remark, toll = ruleset.remarks
    assert "'of', enabled or disabled, is no rule's" in remark
    assert toll.endswith("rules/rules.toml switches off 1 of 2 rules: Failed login")


def test_a_rule_that_is_off_is_still_counted_by_a_correlation_that_is_on(settled: Load) -> None:
    generating = BRUTE_FORCE.replace("correlation:\n", "correlation:\n  generate: true\n")
    failures = [signal(n) for n in range(3)]
    assert len(observe(Engine(settled("", FAILED, generating)), *failures)) == 4
    (found,) = observe(Engine(settled(f"disable = ['{RULE}']", FAILED, generating)), *failures)
    assert found.rule_id == SUM
    # What only a correlation that is off would count is silent as ever.
    silent = settled(f"disable = ['{SUM}']", FAILED, BRUTE_FORCE)
    assert observe(Engine(silent), *failures) == []
    assert [(each.title, each.why.partition(" by ")[0]) for each in silent.off] == [
        ("Failed login", "is counted only"),
        ("Brute force", "is disabled"),
    ]


@pytest.mark.parametrize(
    "settings",
    [
        "levl = 'low'",
        "disable = 'x'",
        "[placeholders]\na = 5",
        "[[",
        "\xff",
        f"level = {'9' * 5_000}",
        f"a{'.a' * 200_000} = 1",
        f"a = {'[' * 200_000}",
    ],
)
def test_wrong_settings_are_named(settings: str, load: Load, tmp_path: Path) -> None:
    load(FAILED)
    (tmp_path / "rules" / "rules.toml").write_bytes(settings.encode("latin-1"))
    ruleset, (problem,) = rule_files.check(tmp_path / "rules", tmp_path / "logsources.toml")
    assert ruleset is None
    assert problem.file.endswith("rules/rules.toml")
    assert "level, status, enable, disable and [placeholders]" in problem.what


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("levl = 'low'", (2, "the key 'levl' is unknown")),
        ("disable = 'x'", (2, "disable: expected a list, got a text")),
        ("enable = ['x', 5]", (2, "enable number 2: expected a text, got a whole number")),
        ("enable = ['']", (2, "enable number 1: is empty")),
        ("[placeholders]\na = 5", (2, "placeholders (one of them): expected a list, got a whole number")),
        ("level = 2026-05-01", (2, "level: expected a text, got a date")),
        (
            f"disable = {['*'] * 101}",
            (2, "disable and enable: 101 texts have a *, more than 100"),
        ),
        ("level = ", (2, "is no TOML: invalid value (at line 2, column 9)")),
    ],
)
def test_settings_are_refused_in_our_words(
    settings: str, told: tuple[int, str], load: Load, tmp_path: Path
) -> None:
    load(FAILED)
    (tmp_path / "rules" / "rules.toml").write_text(f"# first\n{settings}\n")
    _, (problem,) = rule_files.check(tmp_path / "rules", tmp_path / "logsources.toml")
    assert (problem.line, problem.what.partition("; ")[0]) == told


def test_of_many_settings_without_effect_the_first_are_told(settled: Load) -> None:
    ruleset = settled(f"disable = {[f'none-{n}' for n in range(20_000)]}", FAILED)
    *named, more = ruleset.remarks
    assert len(named) == 50
    assert "'none-49', enabled or disabled, is no rule's" in named[-1]
    assert more == "… and 19,950 more like these"


def test_of_many_keys_that_are_passed_over_the_first_are_told(load: Load) -> None:
    ruleset = load(FAILED + "".join(f"title{n}: x\n" for n in range(60)))
    (rule,) = ruleset.rules
    assert (len(rule.notices), rule.notices[-1]) == (51, "… and 10 more like these")


def test_a_rule_without_an_id_is_told_what_it_goes_by(load: Load) -> None:
    def told(*texts: str) -> list[str]:
        return [what for _, what in load(*texts).notices if what.startswith("has no id: ")]

    assert not told(FAILED, BRUTE_FORCE)
    without = [text.replace("id: ", "# ") for text in (FAILED, BRUTE_FORCE)]
    name, title = told(*without)
    assert name.startswith("has no id: it goes by its name,")
    assert title.startswith("has no id: it goes by its title,")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("level = 'loud'", "level: there is no 'loud'; write informational, low, medium, high, critical"),
        (
            "status = 'new'",
            "status: there is no 'new'; write unsupported, deprecated, experimental, test, stable",
        ),
    ],
)
def test_a_level_or_status_that_there_is_not_is_told_with_its_line(
    settings: str, words: str, load: Load, tmp_path: Path
) -> None:
    load(FAILED)
    (tmp_path / "rules" / "rules.toml").write_text(f"disable = []\n{settings}\n")
    _, (problem,) = rule_files.check(tmp_path / "rules", tmp_path / "logsources.toml")
    assert (problem.line, problem.what) == (2, words)


@pytest.mark.parametrize(
    ("asked", "outcome", "found"),
    [
        ("outcome|expand: '%bad%'", "failure", True),
        ("outcome|expand: '%bad%'", "REFUSED 5 times", True),
        ("outcome|expand: '%bad%'", "refuse", False),
        ("outcome|expand: 'x%bad%'", "failure", False),
        ("outcome|expand|contains: '%bad%'", "a failure of it", True),
        ("outcome|re|expand: '^%bad%$'", "failure", True),
        ("outcome|re|expand: '^%bad%$'", "a failure", False),
        ("outcome|expand|all: ['%bad%', '*d*']", "refused", True),
        ("outcome|expand|all: ['%bad%', '*d*']", "failure", False),
        ("outcome|expand: '%nobody%'", "", False),
        ("outcome: '%bad%'", "%bad%", True),
        # A backslash stands for itself there, as in pySigma, so that paths can have placeholders.
        (r"outcome|expand: '\%bad%'", r"\failure", True),
        (r"outcome|expand: '\\%bad%'", r"\failure", True),
        (r"outcome|expand: '\%bad%'", "%bad%", False),
        ("outcome|expand: '%literal%'", "%bad%", True),
    ],
)
def test_placeholders_stand_for_their_values(asked: str, outcome: str, found: bool, settled: Load) -> None:
    settings = "[placeholders]\nbad = ['failure', 'refused*']\nnobody = []\nliteral = ['%bad%']\n"
    ruleset = settled(settings, FAILED.replace("outcome: failure", asked))
    assert list(ruleset.notices) == []
    assert bool(observe(Engine(ruleset), signal(0, payload={"outcome": outcome}))) is found


def test_too_many_combinations_of_placeholders(settled: Load, tmp_path: Path) -> None:
    settled("", FAILED)
    (tmp_path / "rules" / "rules.toml").write_text(f"[placeholders]\na = {[str(n) for n in range(101)]}")
    (tmp_path / "rules" / "rule-1.yml").write_text(
        FAILED.replace("outcome: failure", "outcome|expand: '%a%%a%'")
    )
    _, (problem,) = rule_files.check(tmp_path / "rules", tmp_path / "logsources.toml")
    assert "more than 10000 values" in problem.what


@pytest.mark.parametrize(
    ("named", "narrows"),
    [
        ("[failed_login]", True),
        (f"[{RULE}]", True),
        (f"[{RULE.upper()}]", True),
        ("failed_login", True),
        ("any", True),
        ("[]", True),
        ("[other]", False),
    ],
)
def test_a_filter_narrows_the_rules_it_names(named: str, narrows: bool, load: Load) -> None:
    ruleset = load(FAILED, EXEMPT.replace("[failed_login]", named))
    assert bool(observe(Engine(ruleset), signal(0, user="tester"))) is not narrows
    assert len(observe(Engine(ruleset), signal(0, user="alice"))) == 1
    assert bool(ruleset.remarks) is not narrows


def test_an_expression_of_a_filter_beyond_re2_says_so(load: Load) -> None:
    ruleset = load(FAILED, EXEMPT.replace("user_id: tester", "'user_id|re': '^(?!x)tester'"))
    ((rule, notice),) = ruleset.notices
    assert rule.id == RULE
    assert "^(?!x)tester" in notice


def test_words_that_yaml_reads_as_something_else_are_told_where_they_are_looked_for(load: Load) -> None:
    words = "[yes, 'NO', true, 12, -1, 0x1F, 1.5, NO, 010, 22:30, 1_000]"
    notices = [what for _, what in load(FAILED.replace("failure", words)).notices]
    assert [what.rpartition(": ")[2] for what in notices] == [
        f"{written} is read as {read}; quote the text"
        for written, read in [
            ("yes", "true"),
            ("NO", "false"),
            ("010", "8"),
            ("22:30", "1350"),
            ("1_000", "1000"),
        ]
    ]
    assert all(what.startswith("line 8: ") for what in notices)


def test_fields_that_are_looked_up_within_a_payload_of_the_payload_are_told(load: Load) -> None:
    grouped = BRUTE_FORCE.replace("user_id", "[payload.a, b]").replace("gte: 3", "gte: 3, field: payload.c")
    grouped += "  aliases: {b: {failed_login: payload.d}}\n"
    selection = "{payload.e: 1, 'payload.f|gt': 1, 'g|fieldref': payload.h, payload.: i, payload_j: 1}"
    exempt = EXEMPT.replace("user_id", "payload.user_id")
    ruleset = load(FAILED.replace("{outcome: failure}", selection), grouped, exempt)
    told = [what for what in (*(w for _, w in ruleset.notices), *ruleset.remarks) if "payload" in what]
    lines = [what.partition("line ")[2].partition(": fields are")[0] for what in told]
    assert lines == ["8", "8", "8", "8", "10", "11", "6"]
    assert "payload.e is not e, but that of an object `payload` in it; write e if that is meant" in told[0]


def test_a_payload_within_the_payload_is_not_told_where_a_test_has_one(load: Load) -> None:
    text = FAILED.replace("outcome", "payload.outcome") + (
        "secure_signal:\n  tests:\n    - name: within\n      finds: 1\n"
        "      signals: [{type: auth.login, payload: {payload: {outcome: failure}}}]\n"
    )
    assert not list(load(text).notices)


def test_a_filter_keeps_to_its_log_source_and_says_so(load: Load) -> None:
    ruleset = load(FAILED, EXEMPT.replace("product: app", "product: app, service: other"))
    assert len(observe(Engine(ruleset), signal(0, user="tester"))) == 1
    (remark,) = ruleset.remarks
    assert "of another log source" in remark
    assert load(FAILED, EXEMPT.replace("product: app", "product: web").replace("[failed_login]", "any"))


def test_several_filters_each_narrow_and_keep_their_selections_apart(load: Load) -> None:
    other = EXEMPT.replace("tester", "robot").replace("not selection", "not 1 of them")
    alone = load(FAILED.replace("condition: sel", "condition: 1 of them"))
    ruleset = load(FAILED.replace("condition: sel", "condition: 1 of them"), EXEMPT, other)
    for user, count in (("tester", 0), ("robot", 0), ("alice", 1)):
        assert len(observe(Engine(ruleset), signal(0, user=user))) == count
    assert ruleset.hash != alone.hash


def test_a_filter_without_the_values_of_its_placeholder_narrows_nothing_and_says_so(load: Load) -> None:
    ruleset = load(FAILED, EXEMPT.replace("user_id: tester", "user_id|expand: '%testers%'"))
    assert len(observe(Engine(ruleset), signal(0, user="tester"))) == 1
    (remark,) = ruleset.remarks
    assert "%testers% has no values" in remark


def test_log_sources_that_no_signal_has_are_told_once_each(load: Load) -> None:
    elsewhere = FAILED.replace("product: app, category: authentication", "product: windows")
    ruleset = load(
        FAILED,
        elsewhere.replace(RULE, OTHER).replace("failed_login", "a"),
        elsewhere.replace(RULE, SUM).replace("failed_login", "b"),
    )
    (remark,) = ruleset.remarks
    assert remark.startswith("2 rules look at product windows, which no type of signals has: ")
    assert remark.endswith("rule-2.yml:2) and 1 more")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setattr(rule_cache, "folder", lambda: folder)
    return folder


EVERY_KIND = FAILED.replace(
    "{outcome: failure}",
    "{'a|cidr': 10.0.0.0/8, 'b|gt': 1.5, 'c|re|i': x, d: 5, 'e|exists': false, 'f|hour': 3, "
    "'g|fieldref|startswith': h, 'i|cased': 'J*?', k: null, 'l|contains': [m, n]}",
)
AVERAGE = BRUTE_FORCE.replace("gte: 3", "gte: 2.5, field: amount").replace("event_count", "value_avg")
NOTED = FAILED.replace("outcome: failure", "'outcome|expand': '%none%'").replace(RULE, OTHER)


def test_a_file_in_two_of_the_folders_is_read_once(load: Load, tmp_path: Path) -> None:
    load(FAILED)
    folders = [tmp_path / "rules", tmp_path / "rules", tmp_path / "rules" / "rule-1.yml"]
    assert len(rule_files.load(folders, tmp_path / "logsources.toml").rules) == 1


def test_files_with_a_suffix_in_capitals_are_read(load: Load, tmp_path: Path) -> None:
    load(FAILED)
    (tmp_path / "rules" / "B.YML").write_text(SUCCEEDED)
    watch = RuleWatch([tmp_path / "rules"])
    assert ids(rule_files.load(tmp_path / "rules", tmp_path / "logsources.toml")) == {RULE, OTHER}
    (tmp_path / "rules" / "B.YML").write_text("")
    assert [watch.has_changed(), watch.has_changed()] == [False, True]


def test_settings_that_a_link_does_not_lead_to_and_a_name_that_is_no_text_are_told(
    load: Load, tmp_path: Path
) -> None:
    load(FAILED)
    (tmp_path / "rules" / "rules.toml").symlink_to("gone")
    Path(os.fsdecode(os.fsencode(tmp_path / "rules") + b"/\xff.yml")).write_text(FAILED)
    _, problems = rule_files.check(tmp_path / "rules", tmp_path / "logsources.toml")
    assert [p.what for p in problems] == [
        "cannot be read: No such file or directory",
        "has a name that is not UTF-8; rename it",
    ]


def test_rules_from_the_cache_are_the_same_and_come_without_the_parser(load: Load, cache: Path) -> None:
    first = load(EVERY_KIND, AVERAGE, NOTED.replace("failed_login", "noted"), EXEMPT)
    (entry,) = cache.iterdir()
    written = entry.read_bytes()
    again = load(EVERY_KIND, AVERAGE, NOTED.replace("failed_login", "noted"), EXEMPT)
    assert (again.rules, again.remarks, again.hash) == (first.rules, first.remarks, first.hash)
    assert entry.read_bytes() == written
    rules = entry.parent.parent
    code = (
        "import sys; from pathlib import Path; from secure_signal.adapters import rule_cache, rule_files;"
        f"rule_cache.folder = lambda: Path({str(cache)!r});"
        f"rule_files.load(Path({str(rules / 'rules')!r}), Path({str(rules / 'logsources.toml')!r}));"
        "sys.exit('sigma' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_another_text_name_or_engine_is_compiled_anew(
    load: Load, cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load(FAILED)
    load(FAILED.replace("outcome: failure", "outcome: refused"))
    (tmp_path / "rules" / "rule-1.yml").rename(tmp_path / "rules" / "other.yml")
    ruleset = rule_files.load(tmp_path / "rules", tmp_path / "logsources.toml")
    assert ruleset.rules[0].origin.endswith("other.yml:2")
    (tmp_path / "rules" / "rules.toml").write_text("level = 'critical'")
    assert not rule_files.load(tmp_path / "rules", tmp_path / "logsources.toml").rules
    assert len(list(cache.iterdir())) == 4
    monkeypatch.setattr(rule_cache, "_engine", lambda: b"another")
    rule_files.load(tmp_path / "rules", tmp_path / "logsources.toml")
    assert len(list(cache.iterdir())) == 5


@pytest.mark.parametrize("harm", ["cut", "turned", "empty", "folder", "pipe"])
def test_a_broken_entry_is_as_none(harm: str, load: Load, cache: Path) -> None:
    first = load(FAILED)
    (entry,) = cache.iterdir()
    content = entry.read_bytes()
    if harm in ("folder", "pipe"):
        entry.unlink()
        entry.mkdir() if harm == "folder" else os.mkfifo(entry)
    else:
        entry.write_bytes(
            {"cut": content[:-1], "turned": content.replace(b"failure", b"success")}.get(harm, b"")
        )
    assert load(FAILED).rules == first.rules


def test_a_folder_that_cannot_be_written_is_done_without(load: Load, cache: Path) -> None:
    cache.write_text("in the way")
    assert len(load(FAILED).rules) == 1


def test_a_folder_that_others_can_write_to_is_neither_believed_nor_used(load: Load, cache: Path) -> None:
    load(FAILED)
    (entry,) = cache.iterdir()
    cache.chmod(0o777)
    assert rule_cache.read(entry.name) is None
    load(FAILED.replace("outcome: failure", "outcome: refused"))
    assert list(cache.iterdir()) == [entry]


def test_entries_long_unused_go(load: Load, cache: Path) -> None:
    for number in range(20):
        load(FAILED.replace("outcome: failure", f"outcome: '{number}'"))
        for age, entry in enumerate(sorted(cache.iterdir(), key=lambda e: -e.stat().st_mtime)):
            os.utime(entry, (0, 1_000_000 - age))
    assert len(list(cache.iterdir())) == 16
