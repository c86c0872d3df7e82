"""The partitions that Kafka's consumer group gives to this process, and how far each is stored."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from secure_signal.adapters import topics
from secure_signal.adapters.offset_table import Position
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.core.errors import RetryError
from secure_signal.services.processor.store import Store

log = structlog.get_logger()


class Ownership:
    """Given partitions wait until they are claimed in PostgreSQL; only then do their records come.

    An unclaimed partition is not assigned to the consumer, so an outage needs no other pause, and the
    consumer keeps its membership as long as it polls.
    """

    def __init__(self, consumer: Consumer, logs: TopicLogs, give_up: Callable[[], None]) -> None:
        self.positions: dict[tuple[str, int], Position] = {}
        self._stored: dict[tuple[str, int], int] = {}
        self._waiting: set[tuple[str, int]] = set()
        self._consumer = consumer
        self._logs = logs
        self._give_up = give_up

    def subscribe(self) -> None:
        """Join the group; joined already, leave it first."""
        self.release()
        self._waiting.clear()
        self._consumer.unsubscribe()
        self._consumer.subscribe(
            [topics.SIGNALS, topics.ANOMALIES], on_assign=self._given, on_revoke=self._taken
        )

    def claim(self, store: Store) -> None:
        """Take over what waits, from where PostgreSQL stands; RetryError where Kafka cannot tell."""
        for topic in {topic for topic, _ in self._waiting}:
            partitions = [partition for t, partition in self._waiting if t == topic]
            topic_id = self._logs.identify(topic)
            spans = self._logs.spans(topic, partitions)
            claimed = [store.claim(topic, topic_id, partition) for partition in partitions]
            for position in claimed:
                position.next = _start(position, spans[position.partition])
            self._consumer.incremental_assign([_at(p) for p in claimed])
            self.positions.update({(p.topic, p.partition): p for p in claimed})
            self._stored.update({(p.topic, p.partition): p.stored for p in claimed})
            self._waiting -= self.positions.keys()

    def release(self) -> None:
        """Nothing is claimed any more; what is given waits to be claimed again."""
        self._consumer.incremental_unassign([_at(p) for p in self.positions.values()])
        self._waiting |= self.positions.keys()
        self.positions.clear()

    def offsets(self) -> dict[tuple[str, int], int]:
        """How far each given partition is known to be stored, in an outage too. Any thread may ask."""
        return self._stored.copy()

    def moved(self) -> list[Position]:
        """Those that are ahead of PostgreSQL."""
        return [p for p in self.positions.values() if p.next != p.stored]

    def mark_stored(self, positions: Sequence[Position]) -> None:
        """PostgreSQL has them: tell Kafka too, where tools look for lag, without waiting for it."""
        for position in positions:
            position.stored = self._stored[position.topic, position.partition] = position.next
        with suppress(KafkaException):
            self._consumer.commit(offsets=[_at(p) for p in positions], asynchronous=True)

    def verify(self) -> None:
        """RetryError where a topic was deleted and made again since it was claimed."""
        for topic, topic_id in {(p.topic, p.topic_id) for p in self.positions.values()}:
            if self._logs.identify(topic) != topic_id:
                raise RetryError(f"The topic {topic} was made anew")

    def _given(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._waiting |= {(p.topic, p.partition) for p in partitions}
        consumer.incremental_assign([])

    def _taken(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._give_up()
        taken = {(p.topic, p.partition) for p in partitions}
        consumer.incremental_unassign([_at(self.positions[k]) for k in taken & self.positions.keys()])
        for key in taken:
            self.positions.pop(key, None)
            self._stored.pop(key, None)
        self._waiting -= taken


def _start(position: Position, span: range) -> int:
    """PostgreSQL's offset, or the nearest one that Kafka still has."""
    start = min(max(position.stored, span.start), span.stop)
    if start != position.stored:
        log.warning(
            "records are gone from Kafka before they were stored",
            topic=position.topic,
            partition=position.partition,
            stored=position.stored,
            first=span.start,
            end=span.stop,
        )
    return start


def _at(position: Position) -> TopicPartition:
    return TopicPartition(position.topic, position.partition, position.next)
