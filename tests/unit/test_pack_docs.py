"""The page about the bundled rules has each of them, as it stands in its file."""

import re
from pathlib import Path

from secure_signal.adapters import rule_files
from secure_signal.core.detection.rules.rule import Rule
from secure_signal.core.traffic.attacks import KINDS

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| \[`.*\|$", re.MULTILINE)


def test_the_page_has_every_rule_that_speaks_and_no_other() -> None:
    page = (ROOT / "docs/pack.md").read_text()
    assert sorted(ROW.findall(page)) == sorted(row(rule) for rule in rule_files.load().rules if rule.speaks)


def row(rule: Rule) -> str:
    file = Path(rule.origin.rpartition(":")[0]).relative_to(ROOT)
    techniques = [tag.removeprefix("attack.").upper() for tag in rule.tags if tag.startswith("attack.t")]
    name = f"[`{rule.anomaly_type}`](../{file})"
    made = "●" if rule.anomaly_type in KINDS else ""
    cells = (name, rule.title, rule.level, ", ".join(techniques), made)
    return f"| {' | '.join(cells).rstrip()} |"
