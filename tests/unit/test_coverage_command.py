"""The command ``rules coverage``: what it shows of the record of detectors."""

import json

import pytest
from typer.testing import CliRunner, Result

from secure_signal.adapters import rule_coverage, topics
from secure_signal.cli import app, moment
from secure_signal.core.detection.inquiry.coverage import Coverage, Run
from secure_signal.core.detection.rules.rule_list import RuleHead, RuleList
from secure_signal.core.instant import SECOND

RULE = RuleHead("11111111-1111-4111-8111-111111111111", "Guessed", "guessed", "detection", "high", "d" * 16)
NOW = 1_780_000_000 * SECOND


@pytest.fixture(autouse=True)
def found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rule sets one after the other: with the rule, without it, and one that nobody remembers."""
    runs = tuple(
        Run(
            topics.SIGNALS, 0, "id", name, first, first + 10, NOW + first * SECOND, NOW + (first + 9) * SECOND
        )
        for name, first in (("with", 0), ("without", 10), ("forgotten", 20))
    )
    lists = {"with": RuleList("with", NOW, [RULE]), "without": RuleList("without", NOW, [])}
    monkeypatch.setattr(rule_coverage, "read", lambda _: Coverage(runs, lists))
    monkeypatch.setattr(moment, "now", lambda: NOW + 60 * SECOND)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["rules", "coverage", *arguments])


def test_whether_a_rule_was_on_is_shown_for_each_rule_set() -> None:
    rows = [line.split()[7:] for line in run("guessed").stdout.splitlines()[2:]]
    assert rows == [["with", "on", "(dddddddd)"], ["without", "off"], ["forgotten", "?"]]
    assert [line.split()[-1] for line in run().stdout.splitlines()[2:]] == ["1", "0", "?"]


def test_programs_have_it_as_one_object() -> None:
    told = json.loads(run("guessed", "--json").stdout)
    assert told["rule"] == RULE.id
    assert [(each["first"], each["next"], each["on"], each["digest"]) for each in told["runs"]] == [
        (0, 10, True, RULE.digest),
        (10, 20, False, None),
        (20, 30, None, None),
    ]
    assert [each["rules"] for each in json.loads(run("--json").stdout)["runs"]] == [1, 0, None]
    assert json.loads(run("--since", "1s", "--json").stdout)["runs"] == []
