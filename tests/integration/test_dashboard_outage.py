"""dashboard when PostgreSQL or Kafka is not there, and when it is told to stop."""

from pathlib import Path

import psycopg
import pytest
from tests.integration.dashboard_process import running_dashboard, store_anomaly
from tests.servers import StartServer, until

pytestmark = pytest.mark.integration


def test_an_outage_of_postgresql_is_told_and_ends_by_itself(
    kafka_bootstrap: str, start_postgres: StartServer, tmp_path: Path
) -> None:
    postgres = start_postgres()
    with running_dashboard(
        tmp_path / "log",
        KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap,
        DATABASE_URL=postgres.address,
        SECURE_SIGNAL_API_KEYS="off",
    ) as dashboard:
        with dashboard.stream() as events:
            next(events)
            postgres.kill()
            pulse = next(data for name, _, data in events if name == "pulse" and data["trouble"])
            assert pulse["stored"] is None
            answer = dashboard.client.get("/v1/signals")
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert "Traceback" not in answer.text
            dashboard.wait_for("/readyz", 503)
            assert dashboard.client.get("/healthz").status_code == 200
            postgres.start()
            dashboard.wait_for("/readyz")
            until(lambda: dashboard.client.get("/v1/signals").status_code == 200, "signals are shown again")
            with psycopg.connect(postgres.address, autocommit=True) as connection:
                stored = store_anomaly(connection)
            assert next(data["id"] for name, _, data in events if name == "anomaly") == stored
            dashboard.process.terminate()
            assert list(events) is not None
        assert dashboard.process.wait(10) == 0


def test_without_kafka_and_postgresql_it_starts_and_says_so(tmp_path: Path) -> None:
    with running_dashboard(
        tmp_path / "log",
        "/healthz",
        KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1",
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/nothing",
        SECURE_SIGNAL_API_KEYS="off",
    ) as dashboard:
        dashboard.wait_for("/readyz", 503)
        with dashboard.stream() as events:
            pulse = next(data for name, _, data in events if name == "pulse")
        assert pulse["lag"] is None
        assert "Kafka" in pulse["trouble"]
        assert "PostgreSQL" in pulse["trouble"]
