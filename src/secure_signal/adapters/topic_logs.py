"""What Kafka holds of a topic now: its id, and where the log of each partition starts and ends."""

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from secure_signal.core.errors import RetryError


class TopicLogs:
    """Asks Kafka; each request blocks for up to ``seconds``. RetryError while Kafka cannot tell."""

    def __init__(self, bootstrap_servers: str, seconds: float = 5.0) -> None:
        # The client would print each failed attempt to connect; RetryError tells it once.
        self._admin = AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 2})
        self._seconds = seconds

    def identify(self, topic: str) -> str:
        """Kafka's id of the topic: another one after it was deleted and made again."""
        try:
            described = self._admin.describe_topics(TopicCollection([topic]), request_timeout=self._seconds)
            return str(described[topic].result().topic_id)
        except KafkaException as error:
            raise RetryError(f"Kafka does not describe {topic}: {error.args[0].str()}") from error

    def spans(self, topic: str, partitions: list[int]) -> dict[int, range]:
        """The offsets from each partition's first record to the one that comes next."""
        firsts = self._offsets(topic, partitions, OffsetSpec.earliest())
        ends = self._offsets(topic, partitions, OffsetSpec.latest())
        return {p: range(firsts[p], ends[p]) for p in partitions}

    def _offsets(self, topic: str, partitions: list[int], which: OffsetSpec) -> dict[int, int]:
        wanted = {TopicPartition(topic, p): which for p in partitions}
        try:
            found = self._admin.list_offsets(wanted, request_timeout=self._seconds)
            return {where.partition: answer.result().offset for where, answer in found.items()}
        except KafkaException as error:
            raise RetryError(f"Kafka does not tell the offsets of {topic}: {error.args[0].str()}") from error
