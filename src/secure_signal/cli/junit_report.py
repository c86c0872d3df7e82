"""The outcome of rules' tests as JUnit XML, as Jenkins and its like read it."""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import BinaryIO
from xml.etree import ElementTree as Xml

from secure_signal.core.detection.inquiry import trial
from secure_signal.core.detection.inquiry.trial import Trial
from secure_signal.core.detection.rules.ruleset import RuleSet

# XML 1.0, 2.2: what a document may hold.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(file: BinaryIO, trials: Sequence[Trial], ruleset: RuleSet) -> None:
    """One testsuite for each rule that has tests."""
    root = Xml.Element("testsuites", _totals(trials))
    for _, group in groupby(trials, key=lambda each: each.rule.origin):
        _add_suite(root, list(group), ruleset)
    Xml.indent(root)
    Xml.ElementTree(root).write(file, encoding="utf-8", xml_declaration=True)


def _add_suite(root: Xml.Element, trials: Sequence[Trial], ruleset: RuleSet) -> None:
    rule = trials[0].rule
    suite = Xml.SubElement(root, "testsuite", {"name": _clean(rule.title)} | _totals(trials))
    for each in trials:
        name, classname = _clean(each.example.name), _clean(rule.anomaly_type)
        case = Xml.SubElement(suite, "testcase", name=name, classname=classname)
        if not each.passed:
            lines = list(trial.differences(each, ruleset))
            failure = Xml.SubElement(case, "failure", type="difference", message=_clean(lines[0]))
            failure.text = _clean("\n".join([rule.origin, *lines]))


def _totals(trials: Sequence[Trial]) -> dict[str, str]:
    failures = sum(not each.passed for each in trials)
    return {"tests": str(len(trials)), "failures": str(failures), "errors": "0"}


def _clean(text: str) -> str:
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)
