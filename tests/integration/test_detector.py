"""The detector as a process on a real Kafka: what it finds does not depend on what befalls it."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx
import msgspec
import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)
from tests.detector_lab import RULES, Findings, Process, expected, send, sprees
from tests.servers import StartServer, until

from secure_signal.adapters import kafka, topics
from secure_signal.adapters import topics as pipeline_topics
from secure_signal.core import signal

pytestmark = pytest.mark.integration

Start = Callable[..., Process]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start detectors on a Kafka; they end with the test."""
    started: list[Process] = []

    def start_one(bootstrap_servers: str, instance: str = "", rules: Path = RULES) -> Process:
        started.append(Process(bootstrap_servers, instance, rules))
        return started[-1]

    yield start_one
    for process in started:
        process.end()


@pytest.fixture
def findings(kafka_bootstrap: str, topics: None) -> Iterator[Findings]:
    """What is found on the Kafka that all tests share."""
    found = Findings(kafka_bootstrap)
    yield found
    found.close()


def test_killed_again_and_again_it_finds_what_it_finds_undisturbed(
    kafka_bootstrap: str, start: Start, findings: Findings
) -> None:
    # Ten minutes between them, so that windows end.
    waves = [sprees(100, seed=100 + n, ago=600 * (20 - n)) for n in range(20)]
    ids = expected(s for wave in waves for s in wave)
    for wave in waves:
        send(kafka_bootstrap, wave)
    detector = start(kafka_bootstrap, instance="a")
    for share in (0.2, 0.5, 0.8):
        until(partial(findings.has, int(share * len(ids))), f"{share:.0%} are found")
        detector.kill()
        detector.start()
    until(partial(findings.has, len(ids)), "all are found")
    assert detector.stop() == 0
    assert findings.read().keys() == ids


def test_an_instance_that_joins_gets_its_share_of_each_topic(
    kafka_bootstrap: str, topics: None, start: Start
) -> None:
    first = start(kafka_bootstrap)
    until(lambda: first.shares(4), "the first has all partitions")
    second = start(kafka_bootstrap)
    until(lambda: first.shares(2) and second.shares(2), "each has the half of each topic")
    assert second.stop() == 0
    until(lambda: first.shares(4), "the first has all partitions again")


def test_of_two_instances_one_falls_behind_and_is_waited_for_and_dies_and_is_replaced(
    kafka_bootstrap: str, start: Start, findings: Findings
) -> None:
    survivor, victim = start(kafka_bootstrap), start(kafka_bootstrap)
    until(lambda: survivor.shares(2) and victim.shares(2), "each has the half of the partitions")
    # Ten minutes between them: what comes from one wave to the next is too late.
    waves = [sprees(60, seed=200 + n, ago=600 * (12 - n)) for n in range(12)]
    backlog = [s for wave in waves for s in wave]
    ids = expected(backlog)
    victim.freeze()
    # What it said last holds for two seconds.
    time.sleep(3)
    for wave in waves:
        send(kafka_bootstrap, wave)
    victim.thaw()
    until(lambda: findings.read().keys() >= ids, "all are found")
    signals = sprees(40, seed=2)
    half = len(signals) // 2
    send(kafka_bootstrap, signals[:half])
    until(partial(findings.has, len(findings.found) + 1), "something more is found")
    victim.kill()
    send(kafka_bootstrap, signals[half:])
    ids = expected([*backlog, *signals])
    until(lambda: findings.read().keys() >= ids, "all are found")
    assert findings.read().keys() == ids


def test_days_sent_in_a_rush_are_found_as_if_they_came_in_their_order(
    kafka_bootstrap: str, start: Start, findings: Findings
) -> None:
    # Half an hour apart, and milliseconds later: partitions race each other.
    signals = [s for n in range(400) for s in sprees(8, seed=700 + n, ago=1800 * (402 - n))]
    first, second = start(kafka_bootstrap), start(kafka_bootstrap)
    until(lambda: first.shares(2) and second.shares(2), "both have their shares")
    send(kafka_bootstrap, signals)
    ids = expected(signals)
    until(lambda: ids <= findings.read().keys(), "all is found", seconds=40)
    assert findings.read().keys() == ids
    assert first.metric("detector_matches_late_total") == second.metric("detector_matches_late_total") == 0


def test_what_had_not_settled_when_its_detector_stopped_is_not_held_back_for_ever(
    kafka_bootstrap: str, start: Start, findings: Findings
) -> None:
    detector = start(kafka_bootstrap)
    until(detector.is_ready, "the detector is at work")
    signals = sprees(6, seed=900, ago=36_000)
    send(kafka_bootstrap, signals)
    time.sleep(0.1)
    assert detector.stop() == 0
    detector.start()
    until(lambda: expected(signals) <= findings.read().keys(), "all is found", seconds=15)
    until(lambda: detector.metric("detector_matches_held") == 0, "nothing is held back")


def test_when_a_rule_changes_its_windows_are_dropped_and_those_of_the_others_go_on(
    kafka_bootstrap: str, start: Start, findings: Findings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "logins.yml"
    rules.write_text((RULES / "logins.yml").read_text())
    failures = sprees(2, seed=8)
    of_one_user = [s for s in failures if s.user_id == "8-0-0"]
    of_many_users = [s for s in failures if s.user_id != "8-0-0"]
    detector = start(kafka_bootstrap, rules=tmp_path)
    send(kafka_bootstrap, [*of_one_user[:2], *of_many_users[:5]])
    # Each user and each address has one.
    until(lambda: detector.metric("detector_groups") == 9, "all have windows")
    assert detector.stop() == 0
    rules.write_text(rules.read_text().replace("gte: 8", "gte: 7"))
    detector.start()
    send(kafka_bootstrap, [*of_many_users[5:], *of_one_user[2:]])
    until(lambda: findings.read().keys() == expected(of_one_user), "the unchanged rule finds it")
    saved = detector.metric("detector_last_checkpoint_timestamp_seconds")
    until(lambda: detector.metric("detector_last_checkpoint_timestamp_seconds") > saved + 2, "all was read")
    assert findings.read().keys() == expected(of_one_user)
    assert "windows are dropped" in capfd.readouterr().err


def test_a_retry_counts_once_and_rubbish_stops_nothing(
    kafka_bootstrap: str, start: Start, findings: Findings
) -> None:
    failures = sprees(1, seed=3)
    detector = start(kafka_bootstrap)
    # Three of the four failures, each sent twice, and then what is no signal.
    send(kafka_bootstrap, [s for s in failures[:3] for _ in range(2)])
    producer = kafka.producer(kafka_bootstrap, "test")
    for rubbish in (b"", None, b"\xff", b"[]", b'{"user_id": "a"}'):
        producer.produce(topics.SIGNALS, rubbish, failures[0].user_id)
    assert producer.flush(10) == 0
    until(lambda: detector.metric("detector_records_unreadable_total") == 5, "the rubbish was seen")
    assert detector.metric("detector_signals_repeated_total") == 3
    assert detector.metric("detector_signals_judged_total") == 3
    assert not findings.read()
    send(kafka_bootstrap, failures[3:])
    until(lambda: findings.read().keys() == expected(failures), "the fourth failure is found")
    counter = 'anomalies_detected_total{anomaly_type="many_failures",severity="high"}'
    until(lambda: detector.metric("active_user_sessions") == 1, "its user is active")
    assert detector.metric(counter) == detector.metric("anomaly_detection_latency_seconds_count") == 1
    assert httpx.get(f"http://127.0.0.1:{detector.port}/readyz").status_code == 200


def test_a_topic_made_anew_is_read_from_its_beginning(
    kafka_bootstrap: str, start: Start, findings: Findings
) -> None:
    before, after = sprees(8, seed=4), sprees(4, seed=5)
    half = len(after) // 2
    detector = start(kafka_bootstrap)
    send(kafka_bootstrap, before)
    until(lambda: findings.read().keys() == expected(before), "the first are found")
    admin = AdminClient({"bootstrap.servers": kafka_bootstrap})
    admin.delete_topics([topics.SIGNALS])[topics.SIGNALS].result()
    until(lambda: detector.metric("detector_recoveries_total") > 0, "it noticed")
    until(lambda: detector.holds() == 8, "it has the new partitions")
    send(kafka_bootstrap, after[:half])
    until(lambda: detector.metric("detector_signals_judged_total") == len(before) + half, "half are judged")
    saved = detector.metric("detector_last_checkpoint_timestamp_seconds")
    until(lambda: detector.metric("detector_last_checkpoint_timestamp_seconds") > saved, "they are saved")
    detector.kill()
    detector.start()
    send(kafka_bootstrap, after[half:])
    until(lambda: findings.read().keys() >= expected(after), "the others are found")
    # The log is not read again from its beginning.
    assert detector.metric("detector_signals_judged_total") == len(after) - half


def test_a_producer_cannot_say_that_its_record_arrives_in_the_future(
    kafka_bootstrap: str, start: Start, findings: Findings
) -> None:
    failures = sprees(1, seed=7)
    ahead = 59 * 60 * 1_000_000
    producer = kafka.producer(kafka_bootstrap, "test")
    early = msgspec.structs.replace(failures[0], id="early", timestamp=failures[0].timestamp + ahead)
    producer.produce(
        topics.SIGNALS, signal.encode(early), failures[0].user_id, timestamp=early.timestamp // 1000
    )
    assert producer.flush(10) == 0
    detector = start(kafka_bootstrap)
    send(kafka_bootstrap, failures)
    until(lambda: findings.read().keys() == expected(failures), "the others' attack is found")
    assert detector.metric("detector_matches_future_total") > 0


def test_a_topic_that_is_there_already_gets_the_brokers_time(kafka_bootstrap: str, topics: None) -> None:
    admin = kafka.admin(kafka_bootstrap)
    wrong = ConfigResource(
        ConfigResource.Type.TOPIC,
        pipeline_topics.SIGNALS,
        incremental_configs=[
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
            for name, value in (("message.timestamp.type", "CreateTime"), ("retention.ms", "4000000"))
        ],
    )
    admin.incremental_alter_configs([wrong])[wrong].result()
    asked = ConfigResource(ConfigResource.Type.TOPIC, pipeline_topics.SIGNALS)

    def setting(name: str) -> str:
        return str(admin.describe_configs([asked])[asked].result()[name].value)

    until(lambda: setting("message.timestamp.type") == "CreateTime", "it is wrong")
    pipeline_topics.ensure(kafka_bootstrap, 4, 1)
    until(lambda: setting("message.timestamp.type") == "LogAppendTime", "it is set")
    assert setting("retention.ms") == "4000000"


def test_an_outage_of_kafka_is_waited_out(start_kafka: StartServer, start: Start) -> None:
    server = start_kafka()
    topics.ensure(server.address, partitions=1, replication_factor=1)
    signals = sprees(8, seed=6)
    half = len(signals) // 2
    detector, findings = start(server.address), Findings(server.address)
    send(server.address, signals[:half])
    until(lambda: detector.metric("detector_signals_judged_total") == half, "the first are judged")
    server.kill()
    server.start()
    send(server.address, signals[half:])
    until(lambda: findings.read().keys() == expected(signals), "all are found")
    findings.close()
    assert detector.stop() == 0
