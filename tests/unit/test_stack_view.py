"""What the live view reads from the services, and what it shows of it."""

import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from secure_signal.stack import readings, status_table, view, watch
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.ports import HOST, Ports
from secure_signal.stack.readings import Reading
from secure_signal.stack.status import PartStatus, Status
from secure_signal.stack.watch import Found, Scene

METRICS = """\
# TYPE processor_consumer_lag_records gauge
processor_consumer_lag_records{topic="signal-events",partition="0"} 5
processor_consumer_lag_records{topic="anomaly-events",partition="0"} 2
# TYPE events_processed_total counter
events_processed_total 41
"""

FOUND = Found(datetime(2026, 11, 1, 12, 0, 1, tzinfo=UTC), "high", "ana", "10 × failed login [5 minutes]")


class _Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        ready = self.path == "/metrics"
        self.send_response(200 if ready else 503)
        self.end_headers()
        self.wfile.write(METRICS.encode() if ready else json.dumps({"reason": "no Kafka"}).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer((HOST, 0), _Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def test_lag_is_the_sum_over_topics_and_partitions(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    found = readings.metrics(port)
    assert readings.lag(found) == 7
    assert found["events_processed_total"] == 41


def test_a_service_that_is_not_ready_gives_its_reason(port: int) -> None:
    assert readings.readiness(port) == "no Kafka"


def test_a_service_that_is_gone_has_no_numbers() -> None:
    nobody = Ports(0, 0, 0, 0, 0, 0).settled()
    assert readings.read(nobody) == Reading(None, None, None, None)
    assert "does not answer" in readings.readiness(nobody.emitter)


def test_a_rate_survives_the_restart_of_its_counter() -> None:
    assert watch.rate(100, 150, 2.0) == 25
    assert watch.rate(100, 30, 2.0) == 15
    assert watch.rate(None, 30, 2.0) == 0


@pytest.mark.parametrize("terminal", [True, False])
def test_numbers_and_anomalies_are_shown_as_they_are(tmp_path: Path, terminal: bool) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=110)
    scene = Scene(Reading(1234, 1230, 1, None), 50.4, 49.6, (FOUND,))
    with view.opened(console, DataFolder(tmp_path), Ports()) as shown:
        shown.show(scene, [])
    for text in ("50", "10 × failed login [5 minutes]", "12:00:01"):
        assert text in out.getvalue()


@pytest.mark.parametrize("terminal", [True, False])
def test_stored_data_are_neither_markup_nor_control_characters(tmp_path: Path, terminal: bool) -> None:
    out = io.StringIO()
    found = Found(FOUND.time, "[]weird[/]", "ana", "[/] :key: \\[\x1b]0;owned\x07\nnext\x9b2J")
    console = Console(file=out, force_terminal=terminal, color_system=None, width=110)
    with view.opened(console, DataFolder(tmp_path / "[/]"), Ports()) as shown:
        shown.show(Scene(Reading(1, 1, 1, 1), 1, 1, (found,)), [])
    assert "[]weird[/]" in out.getvalue()
    assert "[/] :key: \\[�]0;owned��next�2J" in out.getvalue()


def test_the_reason_of_a_part_is_no_markup() -> None:
    out = io.StringIO()
    part = PartStatus("emitter", "not ready: [/] \x1b[2J", 1, 8000, 0, None)
    status_table.show(Status("running", "/data", 1, (part,)), Console(file=out, width=110))
    assert "not ready: [/] �[2J" in out.getvalue()


def test_plain_lines_tell_an_anomaly_once(tmp_path: Path) -> None:
    out = io.StringIO()
    with view.opened(Console(file=out), DataFolder(tmp_path), Ports()) as shown:
        for _ in range(3):
            shown.show(Scene(Reading(1, 1, 1, 0), 1, 1, (FOUND,)), [])
    assert out.getvalue().count("10 × failed login") == 1
