"""What the detector produces, and the certainty that Kafka has it."""

import threading
import time
from collections.abc import Iterable
from typing import Any

import msgspec
from confluent_kafka import KafkaError, Message

from secure_signal.adapters import kafka, topics
from secure_signal.core import anomaly, instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.errors import RetryError
from secure_signal.services.detector import metrics
from secure_signal.services.detector.checkpoint import Entry

_LAST_WAIT = 10.0
"""Seconds that Kafka has to acknowledge the rest once the process was asked to stop."""


class Outbox:
    """A producer of anomalies, matches and state. It waits out an outage, unless told to ``stop``."""

    def __init__(self, bootstrap_servers: str, stop: threading.Event) -> None:
        # Without a timeout the client retries for ever, in order.
        self._producer = kafka.producer(
            bootstrap_servers, "anomaly-detector", **{"message.timeout.ms": 0, "linger.ms": 1}
        )
        self._stop = stop
        self._failure: KafkaError | None = None

    def anomaly(self, found: Anomaly, timestamp: int) -> None:
        """Publish an anomaly, detected now; the signal that completed it arrived at ``timestamp`` (ms)."""

        def acknowledged(error: KafkaError | None, message: Message) -> None:
            self._acknowledged(error, message)
            if error is None:
                metrics.LATENCY.observe(max(0.0, time.time() - timestamp / 1000))

        metrics.ANOMALIES.labels(found.anomaly_type, found.severity).inc()
        now = instant.render(time.time_ns() // 1000)
        value = anomaly.encode(msgspec.structs.replace(found, detection_timestamp=now))
        self._produce(topics.ANOMALIES, key=found.user_id, value=value, on_delivery=acknowledged)

    def parcel(self, partition: int, value: bytes) -> None:
        """Send a parcel to the task of a partition of ``signal-matches``."""
        self._produce(topics.MATCHES, value=value, partition=partition)

    def state(self, partition: int, entries: Iterable[Entry]) -> None:
        """Write to a partition of ``detector-state``, which is that of the task; it keeps the order."""
        for key, value in entries:
            self._produce(topics.DETECTOR_STATE, key=key, value=value, partition=partition)

    def settle(self) -> None:
        """Wait until Kafka has all; RetryError where something cannot be taken, or on ``stop``."""
        begun = time.monotonic()
        while self._producer.flush(0.5) and not self._failure:
            if self._stop.is_set() and time.monotonic() - begun > _LAST_WAIT:
                raise RetryError("Kafka does not acknowledge what was produced")
        if self._failure:
            raise RetryError(f"Kafka refuses what was produced: {self._failure.str()}")

    def abandon(self) -> None:
        """Produce nothing of what is still here."""
        self._producer.purge()

    def poll(self) -> None:
        """Let acknowledgements in."""
        self._producer.poll(0)

    def _produce(self, topic: str, **record: Any) -> None:
        record.setdefault("on_delivery", self._acknowledged)
        while True:
            try:
                self._producer.produce(topic, **record)
                return
            except BufferError:
                if self._stop.is_set():
                    raise RetryError("Kafka takes nothing more") from None
                self._producer.poll(0.1)

    def _acknowledged(self, error: KafkaError | None, _: Message) -> None:
        if error is not None:
            self._failure = error
