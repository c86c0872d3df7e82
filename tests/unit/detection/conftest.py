"""Rules written in the tests themselves."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.detection.samples import LOGSOURCES, RULE, START, signal

from secure_signal.adapters import rule_files
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.rules.ruleset import RuleSet

Load = Callable[..., RuleSet]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A rule set of YAML texts, each its own file: rule-1.yml and so on."""

    def load(*texts: str) -> RuleSet:
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        for number, text in enumerate(texts, 1):
            (folder / f"rule-{number}.yml").write_text(text)
        logsources = tmp_path / "logsources.toml"
        logsources.write_text(LOGSOURCES)
        return rule_files.load(folder, logsources)

    return load


@pytest.fixture
def matches(load: Load) -> Callable[[str, Any], bool]:
    """Whether a detection, given as YAML, matches a payload; its condition is ``sel`` unless it has one."""

    def matches(detection: str, payload: Any) -> bool:
        lines = detection.strip("\n").splitlines()
        if "condition:" not in detection:
            lines.append("condition: sel")
        body = "\n".join(f"  {line}" for line in lines)
        rule = f"title: T\nid: {RULE}\nlogsource: {{product: app}}\ndetection:\n{body}\n"
        engine = Engine(load(rule))
        found = engine.observe(Event.of(signal(0, payload=payload)), 0, START)
        assert not engine.errors
        return bool(found)

    return matches
