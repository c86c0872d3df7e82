"""Belonging to a consumer group: what it gives of one topic, and what it takes back."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from secure_signal.adapters import kafka, topics
from secure_signal.core.errors import FencedError, RetryError
from secure_signal.services.detector import intake
from secure_signal.services.detector.intake import Partition

GROUPS = {topics.SIGNALS: "anomaly-detector", topics.MATCHES: "anomaly-detector-matches"}
"""The group of each topic. One group of both may give all of a topic to one instance, and none to another."""

# The shortest that a broker allows by default: for so long nobody does the work of one that was killed.
_SESSION = {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 2_000}

# Of an old generation is also a member that has not heard yet what the group decided.
_REARRANGED = {KafkaError.REBALANCE_IN_PROGRESS, KafkaError.ILLEGAL_GENERATION}

_VOTED_OUT = {
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError._ASSIGNMENT_LOST,
}

Heard: TypeAlias = Callable[[list[Partition]], None]

log = structlog.get_logger()


class Membership:
    """A member of the group of one topic, under the name ``instance`` if it has one.

    ``is_counted_in`` says whether the group knows it, even where there is no partition left for it.
    """

    def __init__(self, bootstrap_servers: str, topic: str, instance: str | None) -> None:
        # One that has a name has its partitions kept while it restarts (KIP-345).
        name = {"group.instance.id": instance} if instance else {}
        self.topic = topic
        self.consumer: Consumer = kafka.consumer(
            bootstrap_servers, GROUPS[topic], **_SESSION, **intake.SETTINGS, **name
        )
        self.is_counted_in = False

    def join(self, given: Heard, revoked: Heard, lost: Heard) -> None:
        """Ask for partitions; while records are consumed, the group calls back.

        Those ``revoked`` are still the instance's own until that call returns; those ``lost`` are not.
        """

        def on_assign(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            self.is_counted_in = True
            given(_places(partitions))
            consumer.incremental_assign([])

        def on_revoke(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            revoked(_places(partitions))
            consumer.incremental_unassign([])

        def on_lost(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            log.warning("partitions are lost: the group did not hear from here in time", topic=self.topic)
            self.is_counted_in = False
            lost(_places(partitions))
            consumer.incremental_unassign([])

        self.consumer.subscribe([self.topic], on_assign=on_assign, on_revoke=on_revoke, on_lost=on_lost)

    def commit(self, offsets: dict[int, int]) -> bool:
        """Show Kafka's tools the next offset of each partition; False while the group is being rearranged.

        The group refuses that from one whom it voted out: FencedError. RetryError in an outage.
        """
        places = [TopicPartition(self.topic, partition, offset) for partition, offset in offsets.items()]
        try:
            for committed in self.consumer.commit(offsets=places, asynchronous=False):
                if committed.error:
                    raise KafkaException(committed.error)
        except KafkaException as error:
            code = error.args[0].code()
            if code in _REARRANGED:
                return False
            if code in _VOTED_OUT:
                raise FencedError(f"The group gave the partitions to others: {error}") from error
            raise RetryError(f"Kafka takes no offsets: {error}") from error
        return True

    def close(self) -> None:
        """Let others have the partitions, which are revoked before."""
        self.consumer.close()


def _places(partitions: Iterable[TopicPartition]) -> list[Partition]:
    return [(each.topic, each.partition) for each in partitions]
