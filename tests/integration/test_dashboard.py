"""What dashboard answers about what is stored, and what it tells live."""

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from tests.integration.dashboard_process import (
    NOON,
    Dashboard,
    empty_database,
    running_dashboard,
    store_anomaly,
    store_signal,
)
from tests.servers import until

from secure_signal.adapters import kafka
from secure_signal.adapters import topics as pipeline_topics
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.services.dashboard import stats

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def database(postgres_url: str) -> Iterator[str]:
    with empty_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def dashboard(
    kafka_bootstrap: str, database: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    pipeline_topics.ensure(kafka_bootstrap, 4, 1)
    with running_dashboard(
        tmp_path_factory.mktemp("dashboard") / "log",
        KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap,
        DATABASE_URL=database,
        SECURE_SIGNAL_API_KEYS="off",
    ) as running:
        yield running


@pytest.fixture
def rows(dashboard: Dashboard, database: str) -> Iterator[psycopg.Connection]:
    """A connection to empty tables."""
    with psycopg.connect(database, autocommit=True, options="-c timezone=UTC") as connection:
        connection.execute("TRUNCATE signals, anomalies")
        yield connection


def _follow(dashboard: Dashboard, first: str, between: Callable[[], object]) -> Iterator[dict[str, Any]]:
    """The items of all pages; something happens between them."""
    following: str | None = first
    while following:
        page = dashboard.get(following)
        yield from page["items"]
        following = page["next"]
        between()


@pytest.mark.parametrize("limit", [7, 50])
def test_pages_of_signals_are_complete_and_without_doubles_while_rows_come(
    dashboard: Dashboard, rows: psycopg.Connection, limit: int
) -> None:
    stored = {
        store_signal(rows, id=f"s{n:03}", timestamp=NOON + timedelta(seconds=n % 4)) for n in range(101)
    }

    def meanwhile() -> None:
        store_signal(rows, timestamp=NOON + timedelta(hours=1))
        store_signal(rows, timestamp=NOON + timedelta(seconds=2))

    items = list(_follow(dashboard, f"/v1/signals?limit={limit}&until=2026-05-01T12:30:00Z", meanwhile))
    ids = [item["id"] for item in items]
    assert len(ids) == len(set(ids))
    assert stored <= set(ids)
    keys = [(item["timestamp"], item["id"]) for item in items]
    assert keys == sorted(keys, reverse=True)


def test_pages_of_anomalies_are_complete_and_without_doubles_while_rows_come(
    dashboard: Dashboard, rows: psycopg.Connection
) -> None:
    stored = {store_anomaly(rows, detection_timestamp=NOON + timedelta(seconds=n % 3)) for n in range(40)}
    items = _follow(dashboard, "/v1/anomalies?limit=9", lambda: store_anomaly(rows))
    ids = [item["id"] for item in items]
    assert sorted(ids) == sorted(stored)


def test_a_page_holds_no_more_payload_than_memory_allows(
    dashboard: Dashboard, rows: psycopg.Connection
) -> None:
    payload = json.dumps({"a": "x" * 200_000})
    stored = {store_signal(rows, id=f"s{n:02}", payload=payload) for n in range(30)}
    first = dashboard.get("/v1/signals", limit=1000)
    assert 1 < len(first["items"]) < 30
    rest = _follow(dashboard, first["next"], lambda: None)
    assert {item["id"] for item in [*first["items"], *rest]} == stored


def test_a_page_of_anomalies_holds_no_more_than_memory_allows(
    dashboard: Dashboard, rows: psycopg.Connection
) -> None:
    group = json.dumps({"user_id": "x" * 200_000})
    stored = {store_anomaly(rows, group=group) for _ in range(30)}
    first = dashboard.get("/v1/anomalies", limit=1000)
    assert 1 < len(first["items"]) < 30
    rest = _follow(dashboard, first["next"], lambda: None)
    assert {item["id"] for item in [*first["items"], *rest]} == stored


def test_a_payload_comes_back_with_all_its_digits(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    store_signal(rows, payload='{"n": 12345678901234567890.10, "e": 1e400, "s": "\\u2028</script>"}')
    text = dashboard.client.get("/v1/signals").text
    assert '"n": 12345678901234567890.10' in text
    assert '"e": 1' + "0" * 400 in text


SIGNAL_FILTERS = {
    "user_id=bob": "user_id = 'bob'",
    "type=file.download": "type = 'file.download'",
    'contains={"ip": "203.0.113.1"}': """payload @> '{"ip": "203.0.113.1"}'""",
    "since=2026-05-01T12:00:30Z": "timestamp >= '2026-05-01T12:00:30Z'",
    "until=2026-05-01T14:00:30%2B02:00": "timestamp < '2026-05-01T12:00:30Z'",
    "user_id=bob&type=auth.login&since=2026-05-01T12:00:20Z": (
        "user_id = 'bob' AND type = 'auth.login' AND timestamp >= '2026-05-01T12:00:20Z'"
    ),
    "user_id=bob'--": "false",
}


def test_filters_of_signals_find_what_sql_finds(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    for n in range(60):
        store_signal(
            rows,
            user_id=("alice", "bob", "carol")[n % 3],
            type=("auth.login", "file.download")[n % 2],
            timestamp=NOON + timedelta(seconds=n),
            payload=json.dumps({"ip": f"203.0.113.{n % 5}"}),
        )
    for query, condition in SIGNAL_FILTERS.items():
        wanted = rows.execute(f"SELECT id FROM signals WHERE {condition}").fetchall()
        found = dashboard.get(f"/v1/signals?{query}&limit=1000")["items"]
        assert {item["id"] for item in found} == {id_ for (id_,) in wanted}, query


ANOMALY_FILTERS = {
    "user_id=bob": "user_id = 'bob'",
    "anomaly_type=brute_force": "anomaly_type = 'brute_force'",
    "severity=medium": "severity IN ('medium', 'high', 'critical')",
    "rule_id=r1": "rule_id = 'r1'",
    "since=2026-05-01T12:00:10Z&until=2026-05-01T12:00:20Z": (
        "detection_timestamp >= '2026-05-01T12:00:10Z' AND detection_timestamp < '2026-05-01T12:00:20Z'"
    ),
}


def test_filters_of_anomalies_find_what_sql_finds(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    for n in range(30):
        store_anomaly(
            rows,
            user_id=("alice", "bob")[n % 2],
            anomaly_type=("brute_force", "mass_download", "other")[n % 3],
            severity=("informational", "low", "medium", "high", "critical")[n % 5],
            rule_id=f"r{n % 4}",
            detection_timestamp=NOON + timedelta(seconds=n),
        )
    for query, condition in ANOMALY_FILTERS.items():
        wanted = rows.execute(f"SELECT id::text FROM anomalies WHERE {condition}").fetchall()
        found = dashboard.get(f"/v1/anomalies?{query}")["items"]
        assert {item["id"] for item in found} == {id_ for (id_,) in wanted}, query


def test_an_anomaly_comes_with_its_evidence(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    store_signal(rows, id="early", timestamp=NOON - timedelta(minutes=2))
    store_signal(rows, id="late", timestamp=NOON)
    # The same id again, with another timestamp, is another signal.
    store_signal(rows, id="late", timestamp=NOON - timedelta(days=3), user_id="mallory")
    found = store_anomaly(rows, evidence='["early", "gone", "late"]')
    answer = dashboard.get(f"/v1/anomalies/{found}")
    assert answer["anomaly"]["id"] == found
    assert [(s["id"], s["user_id"]) for s in answer["signals"]] == [("early", "alice"), ("late", "alice")]
    assert answer["not_shown"] == ["gone"]
    assert dashboard.client.get(f"/v1/anomalies/{uuid.uuid4()}").status_code == 404


def test_stats_are_the_counts_of_sql(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    for n in range(200):
        # 30 types, one of them frequent: the rarest of them are others.
        store_signal(rows, type=f"t{n if n < 30 else 0}", timestamp=NOON + timedelta(seconds=n))
        if n % 20 == 0:
            store_anomaly(rows, detection_timestamp=NOON + timedelta(seconds=n))
    bounds = {"since": "2026-05-01T12:00:05Z", "until": "2026-05-01T12:03:00Z"}
    answer = dashboard.get("/v1/stats", bucket="1m", **bounds)
    assert [b["start"] for b in answer["buckets"]] == [f"2026-05-01T12:0{m}:00Z" for m in range(3)]
    assert len({t for b in answer["buckets"] for t in b["signals"]}) == stats.TYPES
    inside = "WHERE {0} >= %(since)s AND {0} < %(until)s GROUP BY 1 ORDER BY 1"
    signals = rows.execute(
        "SELECT date_trunc('minute', timestamp), count(*) FROM signals " + inside.format("timestamp"), bounds
    ).fetchall()
    assert [sum(b["signals"].values()) + b["other_signals"] for b in answer["buckets"]] == [
        n for _, n in signals
    ]
    (found,) = rows.execute(
        "SELECT count(*) FROM anomalies WHERE detection_timestamp < %(until)s "
        "AND detection_timestamp >= %(since)s",
        bounds,
    ).fetchall()
    assert sum(b["anomalies"].get("high", 0) for b in answer["buckets"]) == found[0]


def _anomaly_ids(stream: Iterator[tuple[str, str, Any]], until_id: str) -> dict[str, str]:
    """The places of the anomalies, by their ids, up to one of them."""
    found = {}
    for name, place, data in stream:
        if name == "anomaly":
            found[data["id"]] = place
            if data["id"] == until_id:
                break
    return found


def test_the_stream_tells_an_anomaly_and_goes_on_where_the_reader_was(
    dashboard: Dashboard, rows: psycopg.Connection
) -> None:
    with dashboard.stream() as events:
        assert next(events)[0] == "history"
        first = store_anomaly(rows, user_id="<script>\n\u2028")
        place = _anomaly_ids(events, first)[first]
    missed = [store_anomaly(rows) for _ in range(3)]
    with dashboard.stream(**{"Last-Event-ID": place}) as events:
        assert set(missed) <= set(_anomaly_ids(events, missed[-1]))
    assert dashboard.client.get("/v1/stream", headers={"Last-Event-ID": "x"}).status_code == 422


def test_a_transaction_that_commits_late_is_told_too(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    with dashboard.stream() as events, psycopg.connect(rows.info.dsn, password=rows.info.password) as slow:
        next(events)
        late = store_anomaly(slow)
        early = store_anomaly(rows)
        _anomaly_ids(events, early)
        slow.commit()
        assert late in _anomaly_ids(events, late)


def test_a_reader_slower_than_the_anomalies_still_gets_all(
    dashboard: Dashboard, rows: psycopg.Connection
) -> None:
    with dashboard.stream() as events:
        next(events)
        summary = "x" * 20_000
        with rows.transaction():
            stored = [store_anomaly(rows, summary=summary) for _ in range(1200)]
        # More than the feed keeps and the sockets hold was told before the reader reads on.
        until(lambda: _told(dashboard) >= 1200, "the feed has told them all")
        found: set[str] = set()
        for name, _, data in events:
            if name == "anomaly":
                found.add(data["id"])
            if found >= set(stored):
                break


def _told(dashboard: Dashboard) -> int:
    with dashboard.stream() as events:
        name, _, pulses = next(events)
        assert name == "history"
        return int(sum(pulses[-1]["anomalies"].values()))


def test_rate_and_lag_are_those_of_the_topic(
    dashboard: Dashboard, rows: psycopg.Connection, kafka_bootstrap: str, topics: None
) -> None:
    topic_id = TopicLogs(kafka_bootstrap).identify(pipeline_topics.SIGNALS)
    rows.execute(
        "INSERT INTO consumer_offsets (topic, topic_id, partition, next_offset, epoch) "
        "VALUES (%s, %s, 1, 3, 1)",
        (pipeline_topics.SIGNALS, topic_id),
    )
    producer = kafka.producer(kafka_bootstrap, "dashboard-test")
    for partition in (1, 1, 1, 1, 2):
        producer.produce(pipeline_topics.SIGNALS, b"{}", partition=partition)
    producer.flush()
    with dashboard.stream() as events:
        pulse = next(data for name, _, data in events if name == "pulse" and data["lag"] == 2)
    assert pulse["stored"] == 3
    assert pulse["trouble"] == ""


@pytest.mark.parametrize(
    ("path", "status", "field"),
    [
        ("/v1/signals?limit=0", 422, "limit"),
        ("/v1/signals?user=bob", 422, "user"),
        ("/v1/signals?user_id=%00", 422, "user_id"),
        ("/v1/signals?cursor=AAAA", 422, "cursor"),
        ("/v1/anomalies?severity=urgent", 422, "severity"),
        ("/v1/anomalies/x", 422, "anomaly_id"),
        ("/v1/stats?since=1970-01-01T00:00:00Z", 422, "bucket"),
        ("/v1/nothing", 404, None),
    ],
)
def test_a_wrong_question_is_a_problem_that_names_its_fault(
    dashboard: Dashboard, path: str, status: int, field: str | None
) -> None:
    answer = dashboard.client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status
    assert [e["field"] for e in answer.json().get("errors", [])] == ([field] if field else [])


def test_a_cursor_of_signals_is_none_of_anomalies(dashboard: Dashboard, rows: psycopg.Connection) -> None:
    for n in range(2):
        store_signal(rows, id=f"s{n}")
    following = dashboard.get("/v1/signals?limit=1")["next"]
    answer = dashboard.client.get(following.replace("signals", "anomalies"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


def test_a_question_that_takes_too_long_is_stopped_and_holds_up_nobody(
    dashboard: Dashboard, rows: psycopg.Connection
) -> None:
    store_signal(rows)
    rows.execute("ALTER TABLE signals RENAME TO aside")
    rows.execute("CREATE VIEW signals AS SELECT aside.* FROM aside, pg_sleep(60)")
    try:
        answer = dashboard.client.get("/v1/signals")
        assert answer.status_code == 504
        assert "since" in answer.json()["detail"]
        assert dashboard.client.get("/v1/anomalies").status_code == 200
    finally:
        rows.execute("DROP VIEW signals")
        rows.execute("ALTER TABLE aside RENAME TO signals")


def test_without_keys_no_name_of_another_site_is_answered(dashboard: Dashboard) -> None:
    for host, status in [
        ("evil.example", 421),
        ("localhost", 200),
        ("dashboard:8080", 200),
        ("10.0.0.7", 200),
    ]:
        assert dashboard.client.get("/v1/anomalies", headers={"Host": host}).status_code == status, host


def test_every_answer_has_the_strict_headers(dashboard: Dashboard) -> None:
    for path in ("/", "/main.js", "/v1/signals", "/v1/nothing", "/healthz"):
        headers = dashboard.client.get(path).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
    assert dashboard.client.get("/v1/signals").headers["cache-control"] == "no-store"


def test_an_operator_sees_calls_questions_and_streams(dashboard: Dashboard) -> None:
    with dashboard.stream() as events:
        next(events)
        metrics = dashboard.client.get("/metrics").text
    assert "dashboard_stream_clients 1.0" in metrics
    assert 'http_requests_total{route="/v1/stream",status="200"}' in metrics
    assert 'dashboard_query_seconds_count{query="anomalies_stored"}' in metrics


def test_the_api_describes_itself(dashboard: Dashboard) -> None:
    document = dashboard.get("/openapi.json")
    answer = document["paths"]["/v1/anomalies/{anomaly_id}"]["get"]["responses"]["200"]
    assert answer["content"]["application/json"]["example"]["signals"]
    assert {"Signals", "Anomalies", "Explained", "Stats", "Problem"} <= set(document["components"]["schemas"])
