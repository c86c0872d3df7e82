"""The loop: claim, consume, fill a batch, store it."""

import threading
import time

import structlog
from confluent_kafka import KafkaError, KafkaException, Message

from secure_signal.adapters import kafka, topics
from secure_signal.adapters.dead_letters import DeadLetters
from secure_signal.adapters.settings import Settings
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.core import instant
from secure_signal.core.errors import FencedError, RetryError
from secure_signal.services.processor import metrics
from secure_signal.services.processor.batch import MAX_BYTES, Batch, fill
from secure_signal.services.processor.ownership import Ownership
from secure_signal.services.processor.store import Store

NAME = "signal-processor"

_FETCH = 500
_IDLE_SECONDS = 0.05
_VERIFY_SECONDS = 5.0
_LONGEST_PAUSE = 5.0

_CONSUMER = {
    # Out of range means a topic made anew or records gone: a claim finds out which.
    "auto.offset.reset": "error",
    # How long the partitions of a killed processor wait for another one.
    "session.timeout.ms": 6_000,
    "heartbeat.interval.ms": 2_000,
    # What is fetched ahead is held in memory; a record larger than a fetch comes all the same (KIP-74).
    # Both are of what is compressed, in memory up to 255 times as much.
    "fetch.message.max.bytes": 512 * 1024,
    "fetch.max.bytes": 1024 * 1024,
    "queued.max.messages.kbytes": 4 * 1024,
    "queued.min.messages": 5_000,
}

log = structlog.get_logger()


class Processor:
    """Stores what two topics hold, each record once, until ``stopping`` is set.

    ``outage`` says why nothing is stored now; it is empty while all is well.
    """

    def __init__(self, settings: Settings, stopping: threading.Event, group: str = NAME) -> None:
        self.outage = "starting"
        self._batch_size = settings.batch_size
        self._batch_seconds = settings.batch_milliseconds / 1000
        self._stopping = stopping
        self._store: Store | None = None
        self._batch = Batch()
        self._largest = MAX_BYTES
        self._failures = 0
        self._verified = time.monotonic()
        self._settings = settings
        self._group = group
        self._dead_letters = DeadLetters(settings.kafka_bootstrap_servers, NAME)
        self._logs = TopicLogs(settings.kafka_bootstrap_servers)
        self._enlist()

    def _enlist(self) -> None:
        """A consumer, not yet in the group."""
        # A member under a name of its own has its partitions kept while it restarts (KIP-345).
        instance = self._settings.instance
        name = {"group.instance.id": instance} if instance else {}
        servers = self._settings.kafka_bootstrap_servers
        self._consumer = kafka.consumer(servers, self._group, **_CONSUMER, **name)
        self.ownership = Ownership(self._consumer, self._logs, self._give_up)
        self._joined = False
        self._is_lost = False

    def work(self) -> None:
        """Return when told to stop, with all in hand stored or left to the next."""
        while not self._stopping.is_set():
            try:
                self._step()
            except (RetryError, KafkaException) as outage:
                self._pause(outage)
            except FencedError as fence:
                self._rejoin(fence)
        self._give_up()
        self._drop()
        self._consumer.close()

    def _step(self) -> None:
        store = self._connect()
        if self._is_lost:
            self._consumer.close()
            self._enlist()
        self._join()
        self.ownership.claim(store)
        self.outage = ""
        metrics.OUTAGE.set(0)
        self._take(store, self._consume())
        if self._is_due():
            self._finish(store)
            self._verify()

    def _consume(self) -> list[Message]:
        """No more records than the batch has room for, were all as large as the largest of the last ones."""
        room = min(
            _FETCH, self._batch_size - len(self._batch), (MAX_BYTES - self._batch.size) // self._largest
        )
        records = self._consumer.consume(max(1, room), self._patience())
        if records:
            self._largest = max(1, *map(len, records))
        return records

    def _take(self, store: Store, records: list[Message]) -> None:
        """Read the records into the batch, and send its new rows on their way."""
        for record in records:
            if error := record.error():
                self._heed(error)
                raise RetryError(f"Kafka: {error.str()}")
        if not len(self._batch):
            self._batch.opened = time.monotonic()
        streamed = len(self._batch.rows)
        fill(self._batch, records, self.ownership.positions)
        if rows := self._batch.rows[streamed:]:
            store.write(rows)

    def _finish(self, store: Store) -> None:
        """Store the batch: what is dead is on its topic before the offsets pass it."""
        batch, self._batch = self._batch, Batch()
        dead = batch.dead + store.settle(batch)
        self._dead_letters.send(dead)
        moved = self.ownership.moved()
        store.commit(moved)
        self.ownership.mark_stored(moved)
        self._failures = 0
        now = time.time()
        metrics.committed(batch, dead, time.monotonic() - batch.opened, now)
        store.provide(batch.days, int(now * instant.SECOND))

    def _is_due(self) -> bool:
        batch = self._batch
        return len(batch) > 0 and (
            len(batch) >= self._batch_size or batch.size >= MAX_BYTES or self._patience() == 0
        )

    def _patience(self) -> float:
        """Seconds to wait for records: not beyond the age of the open batch."""
        if not len(self._batch):
            return _IDLE_SECONDS
        left = self._batch.opened + self._batch_seconds - time.monotonic()
        return min(max(left, 0.0), _IDLE_SECONDS)

    def _verify(self) -> None:
        if time.monotonic() - self._verified >= _VERIFY_SECONDS:
            self.ownership.verify()
            self._verified = time.monotonic()

    def _pause(self, outage: Exception) -> None:
        """Drop what is in hand and wait, longer each time; polling keeps the membership of the group."""
        self._drop()
        if isinstance(outage, KafkaException):
            self._heed(outage.args[0])
        metrics.OUTAGES.inc()
        metrics.OUTAGE.set(1)
        self.outage = str(outage)
        pause = min(_LONGEST_PAUSE, 0.1 * 2**self._failures)
        self._failures = min(self._failures + 1, 10)
        log.warning("nothing is stored for now", reason=self.outage, pause_seconds=pause)
        until = time.monotonic() + pause
        while time.monotonic() < until and not self._stopping.is_set():
            record = self._consumer.poll(_IDLE_SECONDS)
            if record is not None and (error := record.error()):
                self._heed(error)

    def _heed(self, error: KafkaError) -> None:
        """After a fatal error, such as a rival under the same name, a consumer gives nothing any more."""
        self._is_lost = self._is_lost or error.fatal() or error.code() == KafkaError._FATAL

    def _rejoin(self, fence: Exception) -> None:
        self._drop()
        metrics.FENCES.inc()
        log.warning("dropped a batch and joining the group again", reason=str(fence))
        self._joined = False

    def _drop(self) -> None:
        self._batch = Batch()
        self.ownership.release()
        if self._store is not None:
            self._store.close()
            self._store = None

    def _give_up(self) -> None:
        """Called while Kafka takes partitions away: finish the batch, or leave it to the next owner."""
        try:
            if self._store is not None and len(self._batch):
                self._finish(self._store)
        except (RetryError, FencedError, KafkaException) as error:
            log.warning("dropped a batch while giving partitions up", reason=str(error))
            self._drop()

    def _connect(self) -> Store:
        if self._store is None:
            settings = self._settings
            topics.ensure(settings.kafka_bootstrap_servers, settings.partitions, settings.replication_factor)
            self._store = Store(settings.database_url, NAME)
        return self._store

    def _join(self) -> None:
        if not self._joined:
            self.ownership.subscribe()
            self._joined = True
