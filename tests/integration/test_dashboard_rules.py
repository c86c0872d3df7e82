"""What dashboard tells of the rules in force: as detectors say it on Kafka."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.dashboard_process import Dashboard, running_dashboard
from tests.servers import until

from secure_signal.adapters import rule_coverage
from secure_signal.adapters.rule_status import Announcements, Failure, Status
from secure_signal.core.detection.inquiry.coverage import KEPT
from secure_signal.core.detection.rules.rule_list import RuleHead, RuleList
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.instant import SECOND

pytestmark = pytest.mark.integration

HOUR = 3600 * SECOND
DAY = 24 * HOUR
HEAD = RuleHead("r1", "One", "one", "detection", "low", "d1")


def now() -> int:
    return time.time_ns() // 1000


def status(instance: str, seen: int, failure: Failure | None = None) -> Status:
    return Status(instance, "hash1", 45, seen, seen, failure)


@pytest.fixture
def announcements(kafka_bootstrap: str, topics: None) -> Announcements:
    return Announcements(kafka_bootstrap)


@pytest.fixture
def dashboard(kafka_bootstrap: str, database_url: str, topics: None, tmp_path: Path) -> Iterator[Dashboard]:
    with running_dashboard(
        tmp_path / "log",
        KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap,
        DATABASE_URL=database_url,
        SECURE_SIGNAL_API_KEYS="off",
    ) as running:
        yield running


def test_the_rules_in_force_and_those_that_were_refused(
    dashboard: Dashboard, announcements: Announcements
) -> None:
    def seen() -> list[tuple[str, str | None]]:
        found = dashboard.get("/v1/rules")["detectors"]
        return [
            (d["instance"], "silent" if d["silent"] else d["refusal"] and d["refusal"]["problems"][0]["text"])
            for d in found
        ]

    assert seen() == []
    refused = Failure(now(), 1, [Problem("a.yml", 7, "mend it")])
    announcements.tell(status("a", now(), refused))
    announcements.tell(status("b", now()))
    announcements.tell(status("c", now() - 40 * SECOND))
    announcements.tell(status("long gone", now() - 2 * HOUR))
    until(
        lambda: seen() == [("a", "mend it"), ("b", None), ("c", "silent")], "all of the last hour are shown"
    )
    announcements.tell(status("a", now()))
    announcements.leave("b")
    announcements.leave("c")
    until(lambda: seen() == [("a", None)], "the refusal is over, and the others have left")

    assert dashboard.client.get("/v1/rules/hash1").status_code == 404
    announcements.note(RuleList("hash1", now(), [HEAD]))
    until(lambda: dashboard.client.get("/v1/rules/hash1").status_code == 200, "the rules are there")
    assert dashboard.get("/v1/rules/hash1")["rules"][0]["title"] == "One"


def test_what_nobody_needs_is_forgotten(kafka_bootstrap: str, announcements: Announcements) -> None:
    def kept() -> set[str]:
        return set(rule_coverage.read(kafka_bootstrap).rule_lists)

    announcements.note(RuleList("old", now() - KEPT - 3 * DAY, [HEAD]))
    announcements.note(RuleList("needed", now() - KEPT, [HEAD]))
    assert kept() == {"old", "needed"}
    announcements.note(RuleList("new", now(), [HEAD]))
    assert kept() == {"needed", "new"}
