"""A detector process on a real Kafka, what is sent to it, and what it finds."""

import random
import signal as signal_numbers
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import httpx
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from secure_signal.adapters import kafka, topics
from secure_signal.adapters.rule_files import load
from secure_signal.core import anomaly, signal
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal
from secure_signal.stack import ports

RULES = Path(__file__).parent / "detector_rules"
LOGSOURCES = RULES / "logsources.toml"


def sprees(count: int, seed: int, ago: int = 0) -> list[Signal]:
    """Attacks that go on at once: four failures of one user, or of eight users at one address, in turn.

    They begin so many seconds ``ago``. None has one failure more than its rule wants. So the last one
    completes it, in whatever order several instances read them.
    """
    failures = [
        (f"{seed}-{n}-{k if n % 2 else 0}", f"{seed}.{n}.0.{0 if n % 2 else k}")
        for n in range(count)
        for k in range(8 if n % 2 else 4)
    ]
    random.Random(seed).shuffle(failures)
    begin = (int(time.time()) - ago) * SECOND
    return [
        Signal(
            f"{seed}-{number}",
            user_id,
            "auth.login",
            begin + number * 1000,
            b'{"ip": "%s", "outcome": "failure"}' % address.encode(),
        )
        for number, (user_id, address) in enumerate(failures)
    ]


def expected(signals: Iterable[Signal], rules: Path = RULES) -> set[str]:
    """What an engine finds that reads all of it without a break: the anomalies' ids."""
    engine = Engine(load(rules, LOGSOURCES))
    return {
        found.id
        for position, s in enumerate(signals)
        for found in engine.observe(Event.of(s), position, s.timestamp)
    }


def send(bootstrap_servers: str, signals: Iterable[Signal]) -> None:
    """Produce signals, and wait until Kafka has them."""
    # In order without being idempotent: for that a producer waits half a second before its first record.
    changes = {"queue.buffering.max.messages": 0, "enable.idempotence": False, "max.in.flight": 1}
    producer = kafka.producer(bootstrap_servers, "test", **changes)
    for s in signals:
        producer.produce(topics.SIGNALS, signal.encode(s), s.user_id)
    assert producer.flush(30) == 0


class Process:
    """``secure-signal detector`` by itself."""

    def __init__(self, bootstrap_servers: str, instance: str, rules: Path = RULES) -> None:
        self.port = ports.free()
        self._environment = {
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
            "SECURE_SIGNAL_HTTP_PORT": str(self.port),
            "SECURE_SIGNAL_RULES": str(rules),
            "SECURE_SIGNAL_LOGSOURCES": str(LOGSOURCES),
            "SECURE_SIGNAL_INSTANCE": instance,
        }
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "secure_signal", "detector"], env=self._environment
        )

    def kill(self) -> None:
        """As kill -9 does."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """Let it hang until ``thaw``."""
        self._process.send_signal(signal_numbers.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on after ``freeze``."""
        self._process.send_signal(signal_numbers.SIGCONT)

    def is_ready(self) -> bool:
        """Whether it is at work."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz").is_success
        except httpx.TransportError:
            return False

    def metric(self, name: str) -> float:
        """One of its metrics, by name and labels; 0 while it has none."""
        for line in self._metrics():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def holds(self, topic: str = "") -> int:
        """How many partitions it has, of one topic or all."""
        lags = [line for line in self._metrics() if line.startswith("detector_consumer_lag_records{")]
        return sum(f'topic="{topic}' in line for line in lags)

    def shares(self, count: int) -> bool:
        """Whether it has so many partitions of each topic."""
        return self.holds(topics.SIGNALS) == self.holds(topics.MATCHES) == count

    def _metrics(self) -> list[str]:
        assert self._process.poll() is None, "the detector has ended"
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/metrics").text.splitlines()
        except httpx.TransportError:
            return []

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self._process.terminate()
        return self._process.wait(20)

    def end(self) -> None:
        """End it in any case, if it can be in good order."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill()


class Findings:
    """Everything on ``anomaly-events`` from its beginning."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.found: dict[str, Anomaly] = {}
        self._consumer: Consumer = kafka.consumer(bootstrap_servers, "test-findings")
        partitions = self._consumer.list_topics(topics.ANOMALIES).topics[topics.ANOMALIES].partitions
        self._consumer.assign([TopicPartition(topics.ANOMALIES, p, OFFSET_BEGINNING) for p in partitions])

    def read(self) -> dict[str, Anomaly]:
        """What there is by now, by id."""
        for message in self._consumer.consume(1000, 0.1):
            assert message.error() is None
            value = anomaly.decode(message.value() or b"")
            self.found[value.id] = value
        return self.found

    def has(self, count: int) -> bool:
        """Whether there are that many by now."""
        return len(self.read()) >= count

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()
