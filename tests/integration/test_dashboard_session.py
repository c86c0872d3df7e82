"""Who may read, when API keys are required: callers with a key, and browsers with a session."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from tests.integration.dashboard_process import Dashboard, running_dashboard
from tests.servers import until

from secure_signal.adapters import api_keys
from secure_signal.core.scope import Scope

pytestmark = pytest.mark.integration


@pytest.fixture
def dashboard(kafka_bootstrap: str, database_url: str, tmp_path: Path) -> Iterator[Dashboard]:
    with running_dashboard(
        tmp_path / "log",
        KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap,
        DATABASE_URL=database_url,
        SECURE_SIGNAL_API_KEYS="required",
    ) as running:
        yield running


@pytest.fixture
def rows(dashboard: Dashboard, database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        until(lambda: _has_sessions(connection), "all migrations are applied")
        yield connection


def _has_sessions(connection: psycopg.Connection) -> bool:
    found = connection.execute("SELECT to_regclass('sessions')").fetchone()
    return found is not None and found[0] is not None


def _key(rows: psycopg.Connection, scope: Scope) -> tuple[str, str]:
    return api_keys.create(rows, "test", [scope], secrets.token_bytes(api_keys.SECRET_BYTES))


def _status(dashboard: Dashboard, path: str, key: str = "") -> int:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx.stream("GET", dashboard.url + path, headers=headers) as answer:
        return answer.status_code


def test_every_path_of_the_api_needs_a_key_that_may_read(
    dashboard: Dashboard, rows: psycopg.Connection, topics: None
) -> None:
    (_, reading), (_, writing) = _key(rows, Scope.READ), _key(rows, Scope.WRITE)
    for path in dashboard.get("/openapi.json")["paths"]:
        if path.startswith("/v1/"):
            answered = re.sub(r"\{\w+\}", "00000000-0000-0000-0000-000000000000", path)
            assert _status(dashboard, answered) == 401, path
            assert _status(dashboard, answered, "ssk_wrong") == 401, path
            assert _status(dashboard, answered, writing) == 403, path
            assert _status(dashboard, answered, reading) in (200, 404), path
    assert _status(dashboard, "/") == 200


def _open(dashboard: Dashboard, key: str) -> httpx.Response:
    return dashboard.client.post("/session", json={"key": key})


def test_a_session_reads_until_it_is_closed(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    _, key = _key(rows, Scope.READ)
    cookie = _open(dashboard, key).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert key not in cookie
    kept = rows.execute("SELECT digest FROM sessions").fetchall()
    assert cookie.partition("=")[2].partition(";")[0].encode() not in {bytes(digest) for (digest,) in kept}
    assert dashboard.get("/v1/anomalies")["items"] == []
    with dashboard.stream() as events:
        assert next(events)[0] == "history"
    mine = dict(dashboard.client.cookies)
    assert dashboard.client.delete("/session").status_code == 204
    assert httpx.get(dashboard.url + "/v1/anomalies", cookies=mine).status_code == 401


def test_a_session_ends_with_its_key(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    key_id, key = _key(rows, Scope.ADMIN)
    assert _open(dashboard, key).status_code == 204
    assert dashboard.get("/session") == {"session": True}
    api_keys.revoke(rows, key_id)
    assert dashboard.client.get("/session").status_code == 401
    assert dashboard.client.get("/v1/signals").status_code == 401


def test_a_session_ends_after_its_time(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    _, key = _key(rows, Scope.READ)
    _open(dashboard, key)
    rows.execute("UPDATE sessions SET expires_at = now()")
    assert dashboard.client.get("/v1/signals").status_code == 401


def test_no_session_without_a_good_key(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    _, writing = _key(rows, Scope.WRITE)
    for key in ("", "ssk_wrong", writing):
        assert _open(dashboard, key).status_code == 401
    assert dashboard.client.post("/session", content=b"{").status_code == 415
    json = {"content-type": "application/json"}
    assert dashboard.client.post("/session", content=b"{", headers=json).status_code == 422
    assert dashboard.client.post("/session", content=b" " * 2000, headers=json).status_code == 413
    assert dashboard.client.get("/v1/signals").status_code == 401
