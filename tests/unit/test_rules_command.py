"""The command ``rules``: what it says of rules, and how it ends."""

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from typer.testing import CliRunner, Result

from secure_signal.cli import app
from secure_signal.core.errors import UsageError

LOGSOURCES = """
[[logsource]]
type = "auth.login"
product = "app"
category = "authentication"

[[logsource]]
type = "file.*"
product = "app"
category = "file"
"""

FAILED = """
title: Failed login
id: 11111111-1111-4111-8111-111111111111
name: failed_login
status: test
logsource: {product: app, category: authentication}
detection:
  sel: {outcome: failure}
  tester: {ip|startswith: '10.'}
  condition: sel and not tester
"""
SPRAY = """
---
title: Password spray
id: 22222222-2222-4222-8222-222222222222
level: high
correlation:
  type: value_count
  rules: failed_login
  group-by: ip
  timespan: 5m
  condition: {field: user_id, gte: 2}
"""
TESTS = """
secure_signal:
  tests:
    - name: two users
      signals:
        - {type: auth.login, user_id: a, payload: {outcome: failure, ip: 192.0.2.1}}
        - {type: auth.login, user_id: b, payload: {outcome: failure, ip: 192.0.2.1}}
      finds: 1
      groups: [{ip: 192.0.2.1}]
    - name: one user
      signals:
        - {type: auth.login, payload: {outcome: failure, ip: 192.0.2.1}, times: 9, every: 1m}
      finds: 0
"""
SHORT = """
secure_signal:
  tests:
    - name: "too \\u0001 much"
      signals:
        - {type: auth.login, user_id: a, payload: {outcome: failure, ip: 192.0.2.1}}
        - {type: auth.login, user_id: b, payload: {outcome: failure, ip: 10.0.0.1}}
        - {type: auth.login, user_id: c, payload: {outcome: success, ip: 192.0.2.1}}
        - {type: auth.login, user_id: d, payload: {outcome: failure}}
        - {type: file.read, user_id: e}
        - {type: payment.made, user_id: f}
      finds: 1
"""


class Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.logsources = path.parent / "logsources.toml"
        self.logsources.write_text(LOGSOURCES)
        path.mkdir()

    def write(self, *texts: str) -> str:
        for number, text in enumerate(texts):
            (self.path / f"rule-{number}.yml").write_text(text)
        return str(self.path)

    def run(self, command: str, *arguments: str, stdin: bytes = b"") -> Result:
        options = ["--logsources", str(self.logsources), *arguments]
        return CliRunner().invoke(app, ["rules", command, *options], input=stdin)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "rules")


def test_sound_files_are_counted_with_what_is_to_be_known_of_them(folder: Folder) -> None:
    waits = FAILED.replace("failure", "'%outcomes%'").replace("outcome:", "outcome|expand:")
    result = folder.run("check", folder.write(waits + SPRAY))
    assert result.exit_code == 0
    note, summary = result.output.splitlines()
    assert "rule-0.yml:2: note: Failed login: never fires" in note
    assert summary == "No problems: 1 detection, 1 correlation, 1 note."


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("check", [], "No problems: 1 detection, 1 correlation"),
        ("list", ["--json"], "password_spray"),
        ("explain", ["password_spray"], "Password spray"),
        ("test", [], "2 passed, 0 failed"),
        ("profile", [], "Failed login"),
    ],
)
def test_without_folders_the_rules_are_those_of_the_settings(
    command: str, arguments: list[str], words: str, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECURE_SIGNAL_RULES", folder.write(FAILED + SPRAY + TESTS))
    monkeypatch.setenv("SECURE_SIGNAL_LOGSOURCES", str(folder.logsources))
    head = b'{"user_id": "a", "type": "auth.login", "timestamp": "2026-05-01T00:00:00Z", "payload": '
    signal = head + b'{"outcome": "failure"}}\n'
    result = CliRunner().invoke(app, ["rules", command, *arguments], input=signal)
    assert (result.exit_code, words in result.output) == (0, True), result.output


def test_a_file_is_explained_wherever_the_rules_of_the_settings_are(
    folder: Folder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECURE_SIGNAL_RULES", folder.write(FAILED))
    (tmp_path / "other.yml").write_text(FAILED.replace("Failed login", "Another"))
    assert "Another" in folder.run("explain", str(tmp_path / "other.yml")).output
    assert "Failed login" in folder.run("explain", str(folder.path / "rule-0.yml")).output


def test_rules_that_no_signal_reaches_are_told(folder: Folder) -> None:
    result = folder.run("check", folder.write(FAILED.replace("product: app", "product: other")))
    assert result.output.startswith(
        "note: 1 rule looks at product other, category authentication, which no type"
    )
    assert result.exit_code == 0
    result = folder.run("check", folder.write(FAILED.replace("authentication", "authentification")))
    assert "did you mean product app, category authentication?" in result.output
    assert "rule-0.yml:2)" in result.output


def test_each_problem_has_its_file_and_line(folder: Folder) -> None:
    result = folder.run(
        "check", folder.write(FAILED + SPRAY.replace("5m", "soon"), FAILED.replace("sel and", "x and"))
    )
    assert result.exit_code == 1
    *problems, summary = result.output.splitlines()
    assert summary == "2 problems in 2 files."
    assert [problem.rpartition("/")[2].split(" ")[0] for problem in problems] == [
        "rule-0.yml:20:",
        "rule-1.yml:10:",
    ]


def test_a_folder_that_is_not_there_is_a_mistake_of_the_call(folder: Folder) -> None:
    assert folder.run("check", str(folder.path / "nowhere")).exit_code == 2


def test_the_list_says_who_speaks(folder: Folder) -> None:
    path = folder.write(FAILED + SPRAY)
    rows = [json.loads(line) for line in folder.run("list", path, "--json").output.splitlines()]
    assert [(row["name"], row["status"], row["kind"], row["logsource"], row["fires"]) for row in rows] == [
        ("failed_login", "test", "detection", "app/authentication/*", "counted"),
        ("password_spray", "", "value_count", "", "yes"),
    ]
    table = folder.run("list", path).output
    assert all(row["id"] in table for row in rows)


def test_rules_that_are_switched_off_are_told_by_every_command(folder: Folder) -> None:
    (folder.path / "rules.toml").write_text("disable = ['fail*']\nlevel = 'critical'")
    path = folder.write(FAILED + SPRAY + TESTS)
    rows = [json.loads(line) for line in folder.run("list", path, "--json").output.splitlines()]
    assert [(row["name"], row["kind"], row["fires"]) for row in rows] == [
        ("failed_login", "detection", "off"),
        ("password_spray", "value_count", "off"),
    ]
    note, summary = folder.run("check", path).output.splitlines()
    assert "rules.toml switches off 2 of 2 rules: Failed login, Password spray" in note
    assert summary == "No problems: 0 detections, 0 correlations, 1 note; 2 rules switched off."
    *off, summary = folder.run("test", path).output.splitlines()
    assert "Password spray" in off[1]
    assert "has the level high, below that of" in off[1]
    assert summary == "0 passed, 0 failed; 0 rules without tests, 2 rules switched off."
    explained = folder.run("explain", "failed_login", "--rules", path)
    assert "is disabled by" in str(explained.exception)
    assert "rules.toml (disable)" in str(explained.exception)


def test_a_rule_that_no_signal_reaches_never_fires(folder: Folder) -> None:
    path = folder.write(FAILED.replace("product: app", "product: other") + SPRAY)
    rows = [json.loads(line) for line in folder.run("list", path, "--json").output.splitlines()]
    assert [row["fires"] for row in rows] == ["never", "never"]
    assert "none: no signal reaches it" in folder.run("explain", "password_spray", "--rules", path).output


def test_a_rule_that_waits_for_values_has_no_condition_to_tell_of(folder: Folder) -> None:
    waits = FAILED.replace("failure", "'%outcomes%'").replace("outcome:", "outcome|expand:")
    told = folder.run("explain", "failed_login", "--rules", folder.write(waits)).output
    assert "the placeholder %outcomes% has no values" in told
    assert "condition" not in told
    assert "looked up" not in told
    assert "cost class" not in told


@pytest.mark.parametrize("name", ["Failed Login", "failed_login", "11111111-1111-4111-8111-111111111111"])
def test_a_rule_is_explained_by_any_of_its_names(folder: Folder, name: str) -> None:
    result = folder.run("explain", name, "--rules", folder.write(FAILED + SPRAY))
    lines = [line.rstrip() for line in result.output.splitlines()]
    assert "signal types  auth.login" in lines
    assert "fields        ip, outcome" in lines
    assert 'looked up by  outcome is "failure"' in lines
    assert 'not ip starts with "10."' in (line.strip() for line in lines)
    assert "cost class    whole-value index" in lines
    assert "anomalies     none by itself: counted by Password spray" in lines


def test_a_correlation_is_explained(folder: Folder) -> None:
    result = folder.run("explain", "password_spray", "--rules", folder.write(FAILED + SPRAY))
    lines = [line.rstrip() for line in result.output.splitlines()]
    assert "condition   number of different values of user_id ≥ 2" in lines
    assert "values of   user_id" in lines
    assert "cost class  windows of a correlation" in lines
    assert "re-keyed" in result.output


@pytest.mark.parametrize(("modifier", "more"), [("", "2,980"), ("|contains|all", "2,981")])
def test_of_thousands_of_values_the_first_ones_are_shown(folder: Folder, modifier: str, more: str) -> None:
    values = ", ".join(f"x{n:04}" for n in range(3000))
    path = folder.write(FAILED.replace("outcome: failure", f"outcome{modifier}: [{values}]"))
    told = folder.run("explain", "failed_login", "--rules", path).output
    assert "x0018" in told
    assert "x0020" not in told
    assert f"… and {more} more" in told
    assert 'not ip starts with "10."' in told
    assert len(told) < 10_000


def test_a_very_long_value_is_cut(folder: Folder) -> None:
    path = folder.write(FAILED.replace("failure", "y" * 100_000))
    told = folder.run("explain", "failed_login", "--rules", path).output
    assert "yyy…" in told
    assert told.count("y") < 500


def test_a_filter_is_listed_counted_and_explained(folder: Folder) -> None:
    narrow = """---
title: No robots
id: 33333333-3333-4333-8333-333333333333
logsource: {product: app}
filter:
  rules: [failed_login]
  robots: {agent: curl}
  condition: not robots
"""
    path = folder.write(FAILED + narrow)
    assert (
        folder.run("check", path).output == "No problems: 1 detection, 0 correlations, 1 filter, 0 notes.\n"
    )
    row = json.loads(folder.run("list", path, "--json").output.splitlines()[-1])
    assert (row["kind"], row["title"], row["logsource"]) == ("filter", "No robots", "app/*/*")
    assert "No robots" in folder.run("explain", "failed_login", "--rules", path).output
    assert "Failed login (1111" in folder.run("explain", "no robots", "--rules", path).output


def test_a_filter_that_narrows_nothing_is_told(folder: Folder) -> None:
    idle = """---
title: Idle
logsource: {product: elsewhere}
filter: {rules: any, robots: {agent: curl}, condition: not robots}
"""
    assert (
        "Idle: narrows nothing: no rule has its log source"
        in folder.run("check", folder.write(FAILED + idle)).output
    )


def test_a_rule_that_is_not_there_is_a_mistake_of_the_call(folder: Folder) -> None:
    result = folder.run("explain", "fail_login", "--rules", folder.write(FAILED))
    assert isinstance(result.exception, UsageError)
    assert str(result.exception) == "There is no rule 'fail_login'. Did you mean 'failed_login'?"


@pytest.mark.parametrize("command", [["rules", "explain", "brute_forc"], ["why-not", "brute_forc", "1"]])
def test_where_only_the_bundled_rules_were_looked_at_the_option_for_others_is_told(
    command: list[str],
) -> None:
    assert str(CliRunner().invoke(app, command).exception) == (
        "There is no rule 'brute_forc' in the bundled pack. Did you mean 'brute_force'? "
        "Your own rules: --rules DIR."
    )


def test_what_the_examples_say_is_tried(folder: Folder) -> None:
    result = folder.run("test", folder.write(FAILED + SPRAY + TESTS))
    assert result.output.splitlines() == [
        "ok        Password spray: two users",
        "ok        Password spray: one user",
        "2 passed, 0 failed; 0 rules without tests.",
    ]
    assert result.exit_code == 0


def test_too_little_found_is_explained_signal_by_signal(folder: Folder) -> None:
    result = folder.run("test", folder.write(FAILED + SPRAY + SHORT))
    assert result.exit_code == 1
    assert [line.strip() for line in result.output.splitlines()[1:-1]] == [
        "expected 1 anomaly, found 0 anomalies",
        "Failed login: 2 of 6 signals match",
        'signal-2 (auth.login) does not: ip starts with "10.", which the rule excludes',
        "signal-3 (auth.login) does not: outcome is \"failure\" is false: it is 'success'",
        "signal-5 (file.read) does not: the log source of file.read is product app, category file, the "
        "rule's product app, category authentication",
        "at signal-4: The signal cannot be grouped: it has no ip of a single value.",
        "at signal-1: The condition is false: 1 in the 5 minutes up to this signal, and ≥ 2 is wanted.",
    ]


def test_too_much_found_is_shown(folder: Folder) -> None:
    text = TESTS.replace("finds: 1", "finds: 0").replace("groups: [{ip: 192.0.2.1}]", "")
    result = folder.run("test", folder.write(FAILED + SPRAY + text))
    assert "expected 0 anomalies, found 1 anomaly" in result.output
    assert "found at 1s, signal-2: Ip 192.0.2.1: 2 different values of user_id" in result.output


def test_another_group_is_not_the_one_expected(folder: Folder) -> None:
    result = folder.run(
        "test", folder.write(FAILED + SPRAY + TESTS.replace("[{ip: 192.0.2.1}]", "[{ip: 192.0.2.9}]"))
    )
    assert result.exit_code == 1
    assert "found 1 anomaly as expected, but the groups differ" in result.output
    assert "expected the group {ip: '192.0.2.9'}, and did not find it" in result.output
    assert "found the group {ip: '192.0.2.1'}, and did not expect it" in result.output


def test_what_one_example_leaves_behind_is_not_seen_by_the_next(folder: Folder) -> None:
    first, _ = TESTS.split("    - name: one user\n")
    half = first.replace(
        "        - {type: auth.login, user_id: b, payload: {outcome: failure, ip: 192.0.2.1}}\n", ""
    )
    half = half.replace("finds: 1\n      groups: [{ip: 192.0.2.1}]", "finds: 0")
    other = half.partition("tests:\n")[2].replace("user_id: a", "user_id: b")
    assert folder.run("test", folder.write(FAILED + SPRAY + half + other)).exit_code == 0


def test_a_silent_rule_cannot_be_tried(folder: Folder) -> None:
    none = "secure_signal: {tests: [{name: nothing, finds: 0, signals: [{type: auth.login}]}]}"
    result = folder.run("test", folder.write(FAILED + none + SPRAY))
    assert "silent: what it finds is counted by Password spray; write `generate: true` there" in result.output
    assert "expected" not in result.output
    assert result.exit_code == 1


def test_a_rule_that_should_speak_and_is_silenced_is_noted(folder: Folder) -> None:
    none = "secure_signal: {tests: [{name: nothing, finds: 0, signals: [{type: auth.login}]}]}\n"
    path = folder.write(FAILED + "level: high\n" + none + SPRAY)
    note, _ = folder.run("check", path).output.splitlines()
    assert (
        "note: Failed login: makes no anomalies of its own, though its level is high and it has tests" in note
    )
    assert "counted by Password spray; with `generate: true`" in note
    path = folder.write(FAILED + "level: informational\n" + SPRAY)
    assert folder.run("check", path).output == "No problems: 1 detection, 1 correlation, 0 notes.\n"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("product: app,", "product: other,"), "no signal reaches the rule"),
        (("type: auth.login", "type: payment.made"), "no log source is mapped to payment.made"),
    ],
)
def test_finding_nothing_proves_nothing_where_no_rule_looks(
    change: tuple[str, str], why: str, folder: Folder
) -> None:
    tests = "secure_signal: {tests: [{name: nothing, finds: 0, signals: [{type: auth.login}]}]}\n"
    assert folder.run("test", folder.write(FAILED + tests)).exit_code == 0
    result = folder.run("test", folder.write((FAILED + tests).replace(*change)))
    assert why in result.output
    assert result.exit_code == 1


def test_where_a_log_source_is_wanting_the_option_that_names_them_is_told(folder: Folder) -> None:
    path = folder.write((FAILED + SHORT).replace("product: app", "product: mine"))
    words = "name those of your signals: --logsources"
    told = CliRunner().invoke(app, ["rules", "test", path]).output.splitlines()
    assert told[-2].endswith(f"{words} FILE")
    (folder.path / "logsources.toml").touch()
    told = CliRunner().invoke(app, ["rules", "test", path]).output.splitlines()
    assert told[-2].endswith(f"{words} {folder.path}/logsources.toml")
    assert words not in folder.run("test", path).output
    passing = folder.write(FAILED)
    assert words not in CliRunner().invoke(app, ["rules", "test", passing]).output


def test_rules_without_tests_are_named(folder: Folder) -> None:
    result = folder.run("test", folder.write(FAILED + SPRAY))
    assert result.exit_code == 0
    assert result.output.splitlines()[0].startswith("no tests  Password spray")


def test_junit_has_each_test_and_the_difference_of_those_that_failed(folder: Folder, tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    folder.run(
        "test", folder.write(FAILED + SPRAY + SHORT + TESTS.partition("tests:\n")[2]), "--junit", str(report)
    )
    root = Xml.parse(report).getroot()
    assert (root.tag, root.attrib) == ("testsuites", {"tests": "3", "failures": "1", "errors": "0"})
    cases = [(case.get("classname"), case.get("name"), len(case)) for case in root.iter("testcase")]
    assert cases == [
        ("password_spray", "too \N{REPLACEMENT CHARACTER} much", 1),
        ("password_spray", "two users", 0),
        ("password_spray", "one user", 0),
    ]
    (failure,) = root.iter("failure")
    assert failure.get("message") == "expected 1 anomaly, found 0 anomalies"
    assert "rule-0.yml:13" in str(failure.text)


def test_a_report_that_cannot_be_written_is_told_before_any_test_is_run(
    folder: Folder, tmp_path: Path
) -> None:
    report = tmp_path / "nowhere" / "report.xml"
    result = folder.run("test", folder.write(FAILED + SPRAY + TESTS), "--junit", str(report))
    assert isinstance(result.exception, UsageError)
    assert (result.stdout, str(result.exception)) == ("", f"{report}: No such file or directory")


def test_a_profile_counts_the_signals_that_each_rule_was_tried_with(folder: Folder) -> None:
    def line(payload: dict[str, str], second: int) -> bytes:
        time = f"2026-05-01T12:00:{second:02}Z"
        return json.dumps(
            {"user_id": "a", "type": "auth.login", "timestamp": time, "payload": payload}
        ).encode()

    lines = [
        line({"outcome": outcome, "ip": "192.0.2.1"}, n) for n, outcome in enumerate(["failure"] * 3 + ["x"])
    ]
    result = folder.run("profile", folder.write(FAILED + SPRAY), stdin=b"\n".join([*lines, b"", b"{}"]))
    cells = [row.split() for row in result.stdout.splitlines()]
    tried = {" ".join(row[4:6]): row[2] for row in cells if len(row) > 4}
    assert "Failed login" in tried
    assert tried["Password spray"] == "3"
    assert result.exit_code == 1
    first, summary = result.stderr.splitlines()
    assert first.startswith("line 6: ")
    assert summary == "1 line is no signal, and left out."
