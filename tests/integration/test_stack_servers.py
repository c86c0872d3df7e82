"""The embedded servers keep what was acked through kill -9, and let nobody in without the password."""

import psycopg
import pytest
from confluent_kafka import Consumer, Producer
from tests.servers import StartServer

from secure_signal.adapters import topics
from secure_signal.adapters.settings import Settings

pytestmark = pytest.mark.integration


def test_kafka_keeps_acked_records_through_kill(start_kafka: StartServer) -> None:
    server = start_kafka()
    topics.ensure(server.address, partitions=1, replication_factor=1)
    producer = Producer({"bootstrap.servers": server.address, "acks": "all"})
    for number in range(100):
        producer.produce(topics.SIGNALS, str(number))
    assert producer.flush(20) == 0

    server.kill()
    server.start()

    assert _values(server.address, 100) == [str(n).encode() for n in range(100)]


def _values(bootstrap_servers: str, count: int) -> list[bytes]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": "test", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topics.SIGNALS])
    try:
        return [m.value() or b"" for m in consumer.consume(count, timeout=20) if not m.error()]
    finally:
        consumer.close()


def test_postgres_keeps_commits_through_kill(start_postgres: StartServer) -> None:
    server = start_postgres()
    with psycopg.connect(server.address) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1")

    server.kill()
    server.start()

    with psycopg.connect(server.address) as connection:
        assert connection.execute("TABLE kept").fetchall() == [(1,)]


def test_postgres_wants_the_password(postgres_url: str) -> None:
    user, _, place = postgres_url.rpartition("@")
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"{user.rpartition(':')[0]}:wrong@{place}")


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_test_sees_an_empty_kafka(settings: Settings, time: str) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers})
    producer.produce(topics.SIGNALS, time)
    assert producer.flush(20) == 0

    assert _values(settings.kafka_bootstrap_servers, 1) == [time.encode()]
