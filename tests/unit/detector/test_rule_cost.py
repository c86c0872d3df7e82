from itertools import accumulate, count
from pathlib import Path

import pytest
import structlog
from prometheus_client import REGISTRY
from tests.detector_lab import LOGSOURCES, RULES

from secure_signal.adapters.rule_files import load
from secure_signal.core.detection.engine import Engine
from secure_signal.services.detector import metrics
from secure_signal.services.detector.rule_cost import RuleCost

FAILED, SEVENTH = (f"8e5a1f7c-2f0b-4a57-9a53-0c5cf0b9d10{n}" for n in (1, 2))
SIGNAL = (
    b'{"user_id": "user-7", "type": "auth.login", "timestamp": "2026-05-01T12:00:00Z",'
    b' "payload": {"ip": "10.0.0.7", "outcome": "failure"}}'
)


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    metrics.RULE_SECONDS.clear()


def seconds(rule: str) -> float | None:
    return REGISTRY.get_sample_value("detector_rule_seconds_total", {"rule": rule})


def test_a_sample_stands_for_all_records_since_the_one_before() -> None:
    ticks = count(0, 0.001)
    costs = RuleCost(lambda: next(ticks))
    engine = Engine(load(RULES, LOGSOURCES))
    costs.add(engine, [SIGNAL])
    assert seconds(FAILED) == seconds(SEVENTH) == pytest.approx(0.001)
    costs.add(engine, [SIGNAL] * 999)
    assert seconds(FAILED) == pytest.approx(0.001)
    costs.add(engine, [SIGNAL] * 501)
    assert seconds(FAILED) == seconds(SEVENTH) == pytest.approx(1.501)
    costs.add(engine, [b"no signal"] * 1_000)
    assert seconds(FAILED) == pytest.approx(1.501)


def test_only_rules_in_force_are_counted(tmp_path: Path) -> None:
    costs = RuleCost(lambda: 0.0)
    costs.add(Engine(load(RULES, LOGSOURCES)), [SIGNAL] * 1_000)
    assert seconds(SEVENTH) == 0
    (tmp_path / "a.yml").write_text((RULES / "logins.yml").read_text().replace(SEVENTH, FAILED[:-3] + "fff"))
    costs.add(Engine(load(tmp_path, LOGSOURCES)), [SIGNAL] * 1_000)
    assert seconds(SEVENTH) is None
    assert seconds(FAILED) == 0


def test_the_lesser_of_two_times_counts() -> None:
    ticks = accumulate([0.0, 9.0, 0.0, 0.001, 0.0, 0.001, 0.0, 9.0])
    costs = RuleCost(lambda: next(ticks))
    costs.add(Engine(load(RULES, LOGSOURCES)), [SIGNAL])
    assert seconds(FAILED) == seconds(SEVENTH) == pytest.approx(0.001)


def test_a_slow_rule_is_named_once() -> None:
    ticks = count(0, 0.005)
    costs = RuleCost(lambda: next(ticks))
    engine = Engine(load(RULES, LOGSOURCES))
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            costs.add(engine, [SIGNAL] * 1_000)
    assert sorted(line["rule"] for line in logs) == [FAILED, SEVENTH]
