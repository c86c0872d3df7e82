"""Where a topic ends: the offsets that its next records will get."""

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from secure_signal.core.errors import RetryError


class TopicEnds:
    """Asks Kafka; blocks for up to ``seconds`` at each of two requests."""

    def __init__(self, bootstrap_servers: str, topic: str, seconds: float = 2.0) -> None:
        # The client would print each failed attempt to connect; RetryError tells it once.
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 2})
        self._topic = topic
        self._seconds = seconds

    def read(self) -> tuple[str, dict[int, int]]:
        """Kafka's id of the topic, and the end of each partition; RetryError while Kafka cannot tell."""
        try:
            described = self._admin.describe_topics(
                TopicCollection([self._topic]), request_timeout=self._seconds
            )[self._topic].result()
            latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
            wanted = {TopicPartition(self._topic, p.id): latest for p in described.partitions}
            found = self._admin.list_offsets(wanted, request_timeout=self._seconds)
            ends = {where.partition: answer.result().offset for where, answer in found.items()}
        except KafkaException as error:
            raise RetryError(f"Kafka does not tell where {self._topic} ends: {error.args[0]}") from error
        return str(described.topic_id), ends
