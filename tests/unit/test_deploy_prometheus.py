"""The rules of deploy/prometheus, judged by promtool (Debian's package `prometheus` has it)."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

_DEPLOY = Path(__file__).parents[2] / "deploy" / "prometheus"
_ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((_DEPLOY / "rules" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
]

_needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed (Debian: apt install prometheus)"
)


def _promtool(*arguments: str) -> None:
    done = subprocess.run(
        ["promtool", *arguments], cwd=_DEPLOY, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@_needs_promtool
def test_the_configuration_and_its_rules_are_valid() -> None:
    _promtool("check", "config", "--lint-fatal", "prometheus.yml")


@_needs_promtool
def test_every_alert_fires_when_it_should_and_keeps_quiet_otherwise() -> None:
    _promtool("test", "rules", "tests/alerts.yml")


@pytest.mark.parametrize("alert", _ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_tells_what_it_means_and_what_to_do(alert: dict[str, Any]) -> None:
    assert alert["annotations"].keys() == {"summary", "description", "runbook"}
    assert alert["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.parametrize("alert", _ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_is_tested(alert: dict[str, Any]) -> None:
    """Else promtool would be content with a rule that nobody tried."""
    tests = yaml.safe_load((_DEPLOY / "tests" / "alerts.yml").read_text())["tests"]
    mine = [q for t in tests for q in t["promql_expr_test"] if f'"{alert["alert"]}"' in q["expr"]]
    assert any(q["exp_samples"] for q in mine)
