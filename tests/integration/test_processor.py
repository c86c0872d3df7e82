"""signal-processor on a real Kafka and PostgreSQL: each record stored once or dead-lettered."""

import json
import os
import random
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from tests.integration import odd_header
from tests.servers import StartServer, until

from secure_signal.adapters import kafka, topics
from secure_signal.adapters.settings import Settings
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.core import identity
from secure_signal.core import signal as contract
from secure_signal.services.processor.processor import Processor

CORPUS = Path(__file__).parents[3] / "shared/corpora/poison"
DAY = "2026-05-01T12:00:00Z"

DeadLetter = tuple[bytes | None, bytes | None, dict[str, bytes]]

pytestmark = pytest.mark.integration


def wire(**changes: Any) -> bytes:
    sample = {"id": str(uuid.uuid4()), "user_id": "u", "type": "t", "timestamp": DAY, "payload": {"n": 1}}
    return json.dumps({k: v for k, v in (sample | changes).items() if v is not None}).encode()


def produce(
    settings: Settings, values: Sequence[bytes | None], topic: str = topics.SIGNALS, **more: Any
) -> None:
    producer = kafka.producer(settings.kafka_bootstrap_servers, "test")
    for value in values:
        producer.produce(topic, value=value, **more)
    assert producer.flush(30) == 0


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def number(settings: Settings, query: str) -> int:
    """What a query counts; -1 before there are tables, and while PostgreSQL is away."""
    try:
        return int(rows(settings.database_url, query)[0][0])
    except (psycopg.errors.UndefinedTable, psycopg.OperationalError):
        return -1


def count(settings: Settings) -> int:
    """Signals that are stored."""
    return number(settings, "SELECT count(*) FROM signals")


def passed(settings: Settings) -> int:
    """Records that the processor is done with."""
    return number(settings, "SELECT coalesce(sum(next_offset), 0) FROM consumer_offsets")


def dead_letters(settings: Settings, number: int) -> list[DeadLetter]:
    """Key, value and headers of all dead letters, which should be so many."""
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka_bootstrap_servers, "group.id": str(uuid.uuid4())}
    )
    consumer.assign([TopicPartition(topics.DEAD_LETTERS, p, 0) for p in range(settings.partitions)])
    found: list[DeadLetter] = []
    # A tombstone is false.
    while (record := consumer.poll(10.0 if len(found) < number else 0.3)) is not None:
        headers: Any = record.headers()
        found.append((record.key(), record.value(), dict(headers)))
    consumer.close()
    return found


@contextmanager
def processing(settings: Settings) -> Iterator[Processor]:
    """A processor at work, in a group of its own: Kafka gives it every partition at once."""
    stopping = threading.Event()
    processor = Processor(settings, stopping, group=str(uuid.uuid4()))
    thread = threading.Thread(target=processor.work)
    thread.start()
    try:
        yield processor
    finally:
        stopping.set()
        thread.join()


def test_what_is_stored_is_what_was_sent_and_a_retry_is_the_same_signal(settings: Settings) -> None:
    first = wire(id="a", payload={"n": 1.10, "text": "ä\t"})
    produce(settings, [first, first, wire(id=None)], partition=2)
    with processing(settings):
        until(lambda: count(settings) == 2, "both are stored")
        produce(settings, [first, wire(id="b")])
        until(lambda: count(settings) == 3, "the retry is passed and the next signal stored")
    topic_id = TopicLogs(settings.kafka_bootstrap_servers).identify(topics.SIGNALS)
    query = "SELECT id, user_id, type, timestamp = '2026-05-01 12:00Z', payload FROM signals"
    found = {row[0]: row[1:] for row in rows(settings.database_url, query)}
    assert set(found) == {"a", "b", identity.of_record(topic_id, 2, 2)}
    assert found["a"] == ("u", "t", True, {"n": 1.1, "text": "ä\t"})


def test_what_cannot_be_decoded_is_dead_lettered_as_it_came(settings: Settings) -> None:
    produce(settings, [b"{", None], key=b"k", headers={"trace": b"1"}, partition=1)
    produce(settings, [wire(payload=[])], key=b"k2", partition=1)
    produce(settings, [b"no anomaly"], topics.ANOMALIES, partition=1)
    with processing(settings):
        until(lambda: passed(settings) == 4, "all are done with")
    found = {(h["topic"], h["offset"]): (key, value, h) for key, value, h in dead_letters(settings, 4)}
    assert len(found) == 4
    key, value, headers = found[b"signal-events", b"0"]
    assert (key, value, headers["trace"], headers["partition"]) == (b"k", b"{", b"1", b"1")
    assert found[b"signal-events", b"1"][:2] == (b"k", None)
    assert found[b"signal-events", b"2"][2]["field"] == b"payload"
    assert all(headers["reason"] for _, _, headers in found.values())
    assert count(settings) == 0


def test_headers_that_cannot_be_read_cost_nothing_but_themselves(settings: Settings) -> None:
    sent = b"{" + b" " * 4096
    odd_header.produce(settings.kafka_bootstrap_servers, topics.SIGNALS, sent)
    with processing(settings):
        until(lambda: passed(settings) == 1, "it is done with")
    ((_, value, headers),) = dead_letters(settings, 1)
    assert value == sent
    assert b"not UTF-8" in headers["headers"]
    assert headers["reason"]


def test_a_record_larger_than_a_dead_letter_is_cut(settings: Settings) -> None:
    producer = kafka.producer(
        settings.kafka_bootstrap_servers,
        "test",
        **{"message.max.bytes": 64 * 1024 * 1024, "compression.type": "zstd"},
    )
    large = 20 * 1024 * 1024
    producer.produce(topics.SIGNALS, value=bytes(large), key=b"k")
    producer.produce(topics.SIGNALS, value=b"{", key=bytes(large))
    assert producer.flush(30) == 0
    with processing(settings):
        until(lambda: passed(settings) == 2, "both are done with")
    letters = {headers["original-size"]: (key, value) for key, value, headers in dead_letters(settings, 2)}
    key, value = letters[str(large).encode()]
    assert (key, value) == (b"k", bytes(kafka.MAX_BATCH_BYTES - 1024 * 1024))
    assert letters[b"1"] == (bytes(64 * 1024), b"{")


def test_an_anomaly_is_stored_once(settings: Settings) -> None:
    anomaly = {
        "id": str(uuid.uuid4()),
        "user_id": "u",
        "anomaly_type": "brute_force",
        "severity": "high",
        "detection_timestamp": DAY,
        "event_time": DAY,
        "rule_id": "r",
        "rule_title": "R",
        "group": {"user_id": "u"},
        "evidence": ["a", "b"],
        "summary": "Five failures",
    }
    value = json.dumps(anomaly).encode()
    produce(
        settings,
        [value, value, json.dumps(anomaly | {"summary": "\0"}).encode()],
        topics.ANOMALIES,
        partition=0,
    )
    with processing(settings):
        until(lambda: passed(settings) == 3, "all three are done with")
    query = 'SELECT id::text, severity, "group", evidence, summary FROM anomalies'
    assert rows(settings.database_url, query) == [
        (anomaly["id"], "high", {"user_id": "u"}, ["a", "b"], "Five failures")
    ]
    assert [headers["field"] for _, _, headers in dead_letters(settings, 1)] == [b"row"]


def command(settings: Settings) -> subprocess.Popen[bytes]:
    """The service as a process, in a group of its own: it need not wait until a killed one is missed."""
    code = (
        "import uuid; from secure_signal.adapters import settings; "
        "from secure_signal.services.processor import service; "
        "service.run(settings.read(), group=str(uuid.uuid4()))"
    )
    environment = os.environ | {
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "DATABASE_URL": settings.database_url,
        "BATCH_SIZE": "40",
        "SECURE_SIGNAL_HTTP_PORT": str(settings.http_port),
    }
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stderr=subprocess.DEVNULL)


def get(settings: Settings, path: str) -> str:
    """The body of an answer of 2xx; empty for anything else."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{settings.http_port}{path}", timeout=5) as answer:
            return str(answer.read().decode())
    except (urllib.error.URLError, OSError):
        return ""


def test_kill_9_at_any_time_loses_and_doubles_nothing(settings: Settings) -> None:
    whims = random.Random(7)
    values: list[bytes | None] = [wire(id=str(i)) for i in range(2400)]
    values += [wire(id=None) for _ in range(600)] + whims.choices(values[:2400], k=200) + [b"poison"]
    produce(settings, values)
    for least in (40, 600, 1400):
        process = command(settings)
        until(lambda least=least: count(settings) >= least, f"{least} are stored")  # type: ignore[misc]
        process.kill()
        process.wait()
    before = count(settings)
    process = command(settings)
    until(lambda: passed(settings) == len(values), "all are done with")
    until(lambda: get(settings, "/readyz") != "", "the processor is ready")
    metrics = get(settings, "/metrics")
    process.terminate()
    assert process.wait(20) == 0
    assert before < 3000
    assert count(settings) == 3000
    assert {headers["reason"] for _, _, headers in dead_letters(settings, 1)} != set()
    expect_metrics(metrics)


def expect_metrics(text: str) -> None:
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(values["events_processed_total"]) > 0
    assert float(values["processing_latency_seconds_count"]) > 0
    assert (
        values['processing_latency_seconds_bucket{le="+Inf"}'] == values["processing_latency_seconds_count"]
    )
    assert 0 < float(values["batch_size_current"]) <= 40
    assert float(values["processor_last_commit_timestamp_seconds"]) > 1e9
    assert values['processor_consumer_lag_records{partition="0",topic="signal-events"}'] == "0.0"


def test_an_outage_of_postgresql_is_waited_for(settings: Settings, start_postgres: StartServer) -> None:
    server = start_postgres()
    there = settings.model_copy(update={"database_url": server.address})
    with processing(there) as processor:
        produce(there, [wire() for _ in range(300)])
        until(lambda: count(there) == 300, "the first are stored")
        server.kill()
        produce(there, [wire() for _ in range(300)] + [b"poison"])
        until(lambda: "PostgreSQL" in processor.outage, "the outage is told")
        server.start()
        until(lambda: count(there) == 600, "the others are stored")
    assert len(dead_letters(there, 1)) == 1


def test_two_who_think_they_own_a_partition_store_each_record_once(settings: Settings) -> None:
    small = settings.model_copy(update={"batch_size": 50})
    with processing(small), processing(small):
        for number in (200, 400, 600):
            produce(small, [wire(id=None) for _ in range(200)])
            until(lambda number=number: count(small) >= number, f"{number} are stored")  # type: ignore[misc]
    assert count(small) == passed(small) == 600


def test_partitions_move_between_members_of_a_group_with_the_work_in_hand(settings: Settings) -> None:
    values: list[bytes | None] = [wire(id=None) for _ in range(500)]
    stops = [threading.Event(), threading.Event()]
    threads = [threading.Thread(target=Processor(settings, stop).work) for stop in stops]
    threads[0].start()
    produce(settings, values)
    until(lambda: count(settings) > 0, "the first member works")
    threads[1].start()
    produce(settings, values)
    until(lambda: count(settings) == 1000, "all are stored")
    stops[0].set()
    threads[0].join()
    produce(settings, values)
    until(lambda: count(settings) == 1500, "the second member took over")
    stops[1].set()
    threads[1].join()
    assert passed(settings) == 1500


def test_one_whose_name_was_taken_by_another_takes_it_back(settings: Settings) -> None:
    stopping = threading.Event()
    group = str(uuid.uuid4())
    processor = Processor(settings.model_copy(update={"instance": "one"}), stopping, group)
    thread = threading.Thread(target=processor.work)
    thread.start()
    try:
        produce(settings, [wire(id="before")])
        until(lambda: count(settings) == 1, "the first signal is stored")
        rival = kafka.consumer(settings.kafka_bootstrap_servers, group, **{"group.instance.id": "one"})
        rival.subscribe([topics.SIGNALS, topics.ANOMALIES])
        until(lambda: rival.poll(0.1) is None and bool(rival.memberid()), "the rival is a member")
        rival.close()
        produce(settings, [wire(id="after")])
        until(lambda: count(settings) == 2, "the processor goes on")
    finally:
        stopping.set()
        thread.join()


def test_a_topic_made_anew_is_read_from_its_start(settings: Settings) -> None:
    admin = AdminClient({"bootstrap.servers": settings.kafka_bootstrap_servers})
    with processing(settings):
        produce(settings, [wire() for _ in range(100)], partition=0)
        until(lambda: count(settings) == 100, "the first are stored")
        admin.delete_topics([topics.SIGNALS])[topics.SIGNALS].result()
        until(lambda: topics.SIGNALS not in admin.list_topics(timeout=10).topics, "the topic is gone")
        topics.ensure(settings.kafka_bootstrap_servers, settings.partitions, 1)
        produce(settings, [wire() for _ in range(20)], partition=0)
        until(lambda: count(settings) == 120, "those of the new topic are stored too")


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="the corpora are not beside this checkout")
def test_poison_straight_into_kafka_gets_its_fate(settings: Settings) -> None:
    cases = json.loads((CORPUS / "manifest.json").read_text())
    values: list[bytes | None] = [(CORPUS / "values" / case["file"]).read_bytes() for case in cases]
    produce(settings, [*values, None], partition=0)
    with processing(settings):
        until(lambda: passed(settings) == len(values) + 1, "all are done with")
    topic_id = TopicLogs(settings.kafka_bootstrap_servers).identify(topics.SIGNALS)
    dead = {int(h["offset"]): value for _, value, h in dead_letters(settings, 149) if h["reason"]}
    with psycopg.connect(settings.database_url) as connection:
        wrong = [
            case["name"]
            for offset, (case, value) in enumerate(zip(cases, values, strict=True))
            if (case["fate"] == "store") != is_stored(connection, case, value or b"", topic_id, offset)
            or (case["fate"] == "dead-letter") != (offset in dead and dead[offset] == value)
        ]
    assert wrong == []
    assert dead[len(values)] is None


def is_stored(
    connection: psycopg.Connection, case: dict[str, Any], value: bytes, topic_id: str, offset: int
) -> bool:
    if not (want := case.get("expect")):
        return False
    start, end = want["payload_span"]
    query = """
        SELECT count(*) FROM signals
        WHERE user_id = %s AND type = %s AND payload = convert_from(%s, 'UTF8')::jsonb AND id = %s
        AND timestamp BETWEEN %s::timestamptz - interval '1 us' AND %s::timestamptz + interval '1 us'
    """
    own = contract.decode(value).id or identity.of_record(topic_id, 0, offset)
    arguments = (want["user_id"], want["type"], value[start:end], own, want["timestamp"], want["timestamp"])
    return connection.execute(query, arguments).fetchone() == (1,)
