"""signal-emitter when Kafka or PostgreSQL is not there, and when it is told to stop."""

import json
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from tests.integration.emitter_process import Emitter, running_emitter, stored
from tests.servers import StartServer, until

from secure_signal.adapters import api_keys, postgres
from secure_signal.core.scope import Scope

pytestmark = pytest.mark.integration

GENERATED = 'signals_produced_total{source="generator"}'


def _signals(first: int, count: int) -> bytes:
    rows = [
        {
            "id": f"s-{n}",
            "user_id": f"u-{n}",
            "type": "login",
            "timestamp": "2026-05-01T12:00:00Z",
            "payload": {},
        }
        for n in range(first, first + count)
    ]
    return json.dumps(rows).encode()


def test_nothing_is_acknowledged_that_kafka_has_not(start_kafka: StartServer, tmp_path: Path) -> None:
    kafka = start_kafka()
    with running_emitter(
        tmp_path / "log", KAFKA_BOOTSTRAP_SERVERS=kafka.address, SECURE_SIGNAL_API_KEYS="off"
    ) as emitter:
        before = emitter.post(_signals(0, 10))
        assert before.status_code == 202
        kafka.kill()
        for attempt in (1, 2):
            answer = emitter.post(_signals(10, 10) if attempt == 1 else b"[%b, 1]" % _signals(10, 1)[1:-1])
            assert answer.status_code == 503
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["accepted"] == []
            assert answer.json()["unacknowledged"][0] == {"index": 0, "id": "s-10"}
        assert [r["index"] for r in answer.json()["refused"]] == [1]
        emitter.wait_for("/readyz", 503)
        emitter.wait_for("/healthz")
        kafka.start()
        emitter.wait_for("/readyz")
        until(lambda: emitter.post(_signals(10, 10)).status_code == 202, "the same signals are taken")
        assert len(stored(kafka.address, before.json()["accepted"])) == 10
        _stop_while_answering(kafka.address, emitter, kafka.freeze, kafka.thaw)


def _stop_while_answering(bootstrap: str, emitter: Emitter, freeze: object, thaw: object) -> None:
    """SIGTERM while a call waits for Kafka: it is still answered, and the process ends well."""
    assert callable(freeze)
    assert callable(thaw)
    freeze()
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(emitter.post, _signals(100, 10))
        until(lambda: emitter.metric("signals_in_flight") == 10, "the call waits for Kafka")
        emitter.process.send_signal(signal.SIGTERM)
        thaw()
        answer = call.result()
    assert answer.status_code == 202
    assert len(stored(bootstrap, answer.json()["accepted"])) == 10
    assert emitter.process.wait(20) == 0


def test_keys_are_asked_for_and_known_ones_outlive_their_database(
    kafka_bootstrap: str, start_postgres: StartServer, tmp_path: Path, topics: None
) -> None:
    database = start_postgres()
    with running_emitter(
        tmp_path / "log",
        KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap,
        DATABASE_URL=database.address,
        SIGNALS_PER_SECOND="50",
    ) as emitter:

        def status(key: str) -> int:
            return emitter.post(_signals(0, 1), {"authorization": f"Bearer {key}"}).status_code

        with postgres.connect(database.address, "test") as connection:
            postgres.migrate(connection)
            made = {
                scope: api_keys.create(connection, scope, [scope], bytes([n]) * 32)
                for n, scope in enumerate(Scope)
            }
            _, spare = api_keys.create(connection, "never used", [Scope.WRITE], bytes([9]) * 32)
            assert emitter.post(_signals(0, 1)).status_code == 401
            assert status(made[Scope.WRITE][1]) == status(made[Scope.ADMIN][1]) == 202
            assert status(made[Scope.READ][1]) == 403
            assert status(made[Scope.WRITE][1] + "x") == 401
            assert api_keys.revoke(connection, made[Scope.ADMIN][0])
            until(lambda: status(made[Scope.ADMIN][1]) == 401, "a revoked key is refused")
            _assert_only_digests(connection, [key for _, key in made.values()])
        database.kill()
        assert status(made[Scope.WRITE][1]) == 202
        assert status("ssk_unknown") == 503
        assert status(spare) == 202
        generated = emitter.metric(GENERATED)
        until(lambda: emitter.metric(GENERATED) > generated, "the generator goes on")


def _assert_only_digests(connection: psycopg.Connection, keys: list[str]) -> None:
    table = str(connection.execute("SELECT * FROM api_keys").fetchall())
    assert not any(key in table or key.removeprefix(api_keys.PREFIX) in table for key in keys)


def test_a_port_in_use_is_named(kafka_bootstrap: str, tmp_path: Path) -> None:
    variables = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "SECURE_SIGNAL_API_KEYS": "off"}
    with running_emitter(tmp_path / "first", **variables) as first:
        second = Emitter(tmp_path / "second", **variables, SECURE_SIGNAL_HTTP_PORT=str(first.port))
        assert second.process.wait(20) == 1
        said = (tmp_path / "second").read_text()
        assert str(first.port) in said
        assert "Traceback" not in said
