"""The partitions that Kafka's consumer group gives to this process, and how far each is stored."""

from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

from secure_signal.adapters import topics
from secure_signal.adapters.offset_table import Position
from secure_signal.core.errors import RetryError
from secure_signal.services.processor.store import Store

_SECONDS = 5.0

log = structlog.get_logger()


class Ownership:
    """Given partitions wait until they are claimed in PostgreSQL; only then do their records come.

    An unclaimed partition is not assigned to the consumer, so an outage needs no other pause, and the
    consumer keeps its membership as long as it polls.
    """

    def __init__(self, consumer: Consumer, bootstrap_servers: str, give_up: Callable[[], None]) -> None:
        self.positions: dict[tuple[str, int], Position] = {}
        self._stored: dict[tuple[str, int], int] = {}
        self._waiting: set[tuple[str, int]] = set()
        self._consumer = consumer
        self._bootstrap_servers = bootstrap_servers
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
            topic_id = topics.identify(self._bootstrap_servers, topic)
            claimed = [
                store.claim(topic, topic_id, partition) for t, partition in self._waiting if t == topic
            ]
            for position in claimed:
                position.next = self._start(position)
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
            if topics.identify(self._bootstrap_servers, topic) != topic_id:
                raise RetryError(f"The topic {topic} was made anew")

    def _start(self, position: Position) -> int:
        """PostgreSQL's offset, or the nearest one that Kafka still has."""
        try:
            first, end = self._consumer.get_watermark_offsets(
                TopicPartition(position.topic, position.partition), timeout=_SECONDS
            )
        except KafkaException as error:
            raise RetryError(f"Kafka does not tell where {position.topic} begins: {error}") from error
        start = min(max(position.stored, first), end)
        if start != position.stored:
            log.warning(
                "records are gone from Kafka before they were stored",
                topic=position.topic,
                partition=position.partition,
                stored=position.stored,
                first=first,
                end=end,
            )
        return start

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


def _at(position: Position) -> TopicPartition:
    return TopicPartition(position.topic, position.partition, position.next)
