"""What Kafka holds of a topic now: its id, and where the log of each partition starts and ends."""

from collections.abc import Iterable
from typing import Any

from confluent_kafka import IsolationLevel, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import OffsetSpec  # type: ignore[attr-defined]

from secure_signal.adapters import kafka
from secure_signal.core.errors import RetryError


class TopicLogs:
    """Asks Kafka; each request blocks for up to ``seconds``. RetryError while Kafka cannot tell."""

    def __init__(self, bootstrap_servers: str, seconds: float = 5.0) -> None:
        self._admin = kafka.admin(bootstrap_servers)
        self._seconds = seconds

    def identify(self, topic: str) -> str:
        """Kafka's id of the topic: another one after it was deleted and made again."""
        return str(self._describe(topic).topic_id)

    def layout(self, topic: str) -> tuple[str, int]:
        """Kafka's id of the topic, and how many partitions it has."""
        described = self._describe(topic)
        return str(described.topic_id), len(described.partitions)

    def spans(self, topic: str, partitions: list[int]) -> dict[int, range]:
        """The offsets from each partition's first record to the one that comes next."""
        firsts = self._offsets(topic, partitions, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        ends = self._offsets(topic, partitions, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {p: range(firsts[p], ends[p]) for p in partitions}

    def ends(self, topic: str) -> tuple[str, dict[int, int]]:
        """Kafka's id of the topic, and of each partition the offset that its next record will get."""
        described = self._describe(topic)
        partitions = [p.id for p in described.partitions]
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        return str(described.topic_id), self._offsets(topic, partitions, latest)

    def committed_ends(self, topic: str, count: int) -> list[int]:
        """Where the first ``count`` partitions end for one who reads nothing of open transactions."""
        latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        ends = self._offsets(topic, range(count), latest, IsolationLevel.READ_COMMITTED)
        return [ends[partition] for partition in range(count)]

    def _describe(self, topic: str) -> Any:
        try:
            described = self._admin.describe_topics(TopicCollection([topic]), request_timeout=self._seconds)
            return described[topic].result()
        except KafkaException as error:
            raise RetryError(f"Kafka does not describe {topic}: {error.args[0].str()}") from error

    def _offsets(
        self,
        topic: str,
        partitions: Iterable[int],
        which: OffsetSpec,
        isolation: IsolationLevel = IsolationLevel.READ_UNCOMMITTED,
    ) -> dict[int, int]:
        wanted = {TopicPartition(topic, p): which for p in partitions}
        try:
            found = self._admin.list_offsets(wanted, request_timeout=self._seconds, isolation_level=isolation)
            return {where.partition: answer.result().offset for where, answer in found.items()}
        except KafkaException as error:
            raise RetryError(f"Kafka does not tell the offsets of {topic}: {error.args[0].str()}") from error
