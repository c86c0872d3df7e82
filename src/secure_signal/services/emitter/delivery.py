"""Records to Kafka, each with the broker's receipt: nothing here is done before the broker has it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from secure_signal.adapters import kafka
from secure_signal.core.errors import RetryError, StopError
from secure_signal.services.emitter import metrics

# How long one record may take until its broker has it; then its sender is told to try again.
DEADLINE_SECONDS = 5.0
MAX_RECORDS = 100_000

_POLL_SECONDS = 0.001
_PROBE_SECONDS = 1.0

_log = structlog.get_logger()

_Settle = Callable[[KafkaError | None, Message | None], None]


class Record(NamedTuple):
    """A key and a value for the topic."""

    key: bytes
    value: bytes


class Receipt(NamedTuple):
    """Where the broker keeps a record."""

    partition: int
    offset: int


class OverloadError(RetryError):
    """More is waiting for Kafka already than this process should hold."""


class Deliveries:
    """A topic's producer, polled from the event loop while records are in flight.

    ``trouble`` says why nothing can be delivered now; it is empty when all is well. ``in_flight``
    counts the records whose senders still wait.
    """

    def __init__(self, bootstrap_servers: str, topic: str) -> None:
        self.trouble = "Kafka was not reached yet"
        self.in_flight = 0
        self._topic = topic
        self._fatal = ""
        self._acknowledged_at = float("-inf")
        self._polling = False
        self._producer = _producer(bootstrap_servers, self._note)

    async def deliver(self, records: Sequence[Record], source: str) -> list[Receipt | None]:
        """Each record's receipt, in order; None for one of which no ack came within the deadline.

        Such a record may be in the topic or not. Raises RetryError, with nothing sent, while Kafka
        is known to be unreachable, and OverloadError where too much is in flight. ``source`` is who
        made them, for the metrics.
        """
        start = time.monotonic()
        if self.trouble:
            raise RetryError(self.trouble)
        if self.in_flight + len(records) > MAX_RECORDS:
            raise OverloadError("Too many signals wait for Kafka.")
        batch = _Batch(len(records))
        self.in_flight += len(records)
        for index, record in enumerate(records):
            self._send(record, partial(batch.settle, index))
        self._poll_soon()
        try:
            await batch.done
        finally:
            self.in_flight -= len(records)
        end = time.monotonic()
        unacknowledged = batch.receipts.count(None)
        if unacknowledged < len(records):
            self._acknowledged_at = end
        metrics.LATENCY.labels(source).observe(end - start)
        metrics.PRODUCED.labels(source).inc(len(records) - unacknowledged)
        metrics.UNACKNOWLEDGED.labels(source).inc(unacknowledged)
        return batch.receipts

    def _send(self, record: Record, settle: _Settle) -> None:
        try:
            self._producer.produce(self._topic, record.value, record.key, on_delivery=settle)
        except (KafkaException, BufferError):
            settle(None, None)

    def _poll_soon(self) -> None:
        if not self._polling and len(self._producer):
            self._polling = True
            asyncio.get_running_loop().call_later(_POLL_SECONDS, self._poll)

    def _poll(self) -> None:
        self._polling = False
        self._producer.poll(0)
        self._poll_soon()

    def _note(self, error: KafkaError) -> None:
        """librdkafka's own events, told during poll(); all but the fatal ones pass by themselves."""
        if error.fatal():
            self._fatal = f"The Kafka producer cannot go on: {error.str()}"

    async def watch(self) -> None:
        """Keep ``trouble`` true to what Kafka says; StopError when this producer is of no more use."""
        while not self._fatal:
            asked_at = time.monotonic()
            found = await asyncio.to_thread(self._probe)
            # A broker that is only slow to answer questions still acknowledges.
            self._tell("" if self._acknowledged_at > asked_at else found)
            self._producer.poll(0)
            await asyncio.sleep(_PROBE_SECONDS)
        raise StopError(self._fatal)

    def _tell(self, trouble: str) -> None:
        if trouble != self.trouble:
            _log.info("kafka unreachable" if trouble else "kafka reachable", reason=trouble)
        self.trouble = trouble

    def _probe(self) -> str:
        try:
            topic = self._producer.list_topics(self._topic, timeout=2).topics[self._topic]
        except KafkaException as error:
            return f"Kafka cannot be reached: {error.args[0].str()}"
        return f"Kafka has trouble with the topic {self._topic}: {topic.error}" if topic.error else ""

    def close(self) -> None:
        """Wait for what is in flight, within the deadline."""
        self._producer.flush(DEADLINE_SECONDS)


class _Batch:
    """The records of one call: one future for all of them, done with the last."""

    def __init__(self, size: int) -> None:
        self.receipts: list[Receipt | None] = [None] * size
        self.done = asyncio.get_running_loop().create_future()
        self._missing = size
        if not size:
            self.done.set_result(None)

    def settle(self, index: int, error: KafkaError | None, message: Message | None) -> None:
        """Note the fate of one record; librdkafka calls this during poll()."""
        if error is None and message is not None:
            self.receipts[index] = Receipt(message.partition(), message.offset())  # type: ignore[arg-type]
        self._missing -= 1
        if not self._missing and not self.done.done():
            self.done.set_result(None)


def _producer(bootstrap_servers: str, note: Callable[[KafkaError], None]) -> Producer:
    return kafka.producer(
        bootstrap_servers,
        "signal-emitter",
        **{
            "delivery.timeout.ms": int(DEADLINE_SECONDS * 1000),
            # Above what MAX_RECORDS and the HTTP side let through: refusals are decided there.
            "queue.buffering.max.messages": 2 * MAX_RECORDS,
            # After an outage senders wait for the first connection.
            "reconnect.backoff.max.ms": 1000,
            "error_cb": note,
        },
    )
