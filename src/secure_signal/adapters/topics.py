"""The topics: their names, how they are made, and what identifies one."""

from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from secure_signal.core.errors import RetryError

SIGNALS = "signal-events"
ANOMALIES = "anomaly-events"
DEAD_LETTERS = "signal-events-dlq"
DETECTOR_STATE = "detector-state"
MATCHES = "signal-matches"


@dataclass(frozen=True)
class Topic:
    """A topic as it is to be; ``config`` are Kafka's topic settings."""

    name: str
    config: dict[str, str] = field(default_factory=dict)


_MEBIBYTE = 1024 * 1024

LARGEST = 16 * _MEBIBYTE
"""Bytes of one batch of records, at most, on the topics that hold more than signals and anomalies."""

ALL = (
    # LZ4 makes a record no more than 255 times smaller, so what a consumer fetches is bounded in its
    # memory too; zstd would let a small fetch be gigabytes. What comes in LZ4 is not compressed again.
    Topic(SIGNALS, {"compression.type": "lz4"}),
    Topic(ANOMALIES),
    # A dead letter is the raw record, as far as it fits.
    Topic(DEAD_LETTERS, {"max.message.bytes": str(LARGEST), "retention.ms": "-1"}),
    # Only closed segments are compacted, and who restores a state reads all that is not.
    Topic(
        DETECTOR_STATE,
        {
            "cleanup.policy": "compact",
            "max.message.bytes": str(LARGEST),
            "segment.bytes": str(32 * _MEBIBYTE),
            "segment.ms": str(60 * 60 * 1000),
            "min.cleanable.dirty.ratio": "0.2",
        },
    ),
    Topic(MATCHES),
)


def _admin(bootstrap_servers: str) -> AdminClient:
    # The client would print each failed attempt to connect; RetryError tells it once.
    return AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 2})


def ensure(bootstrap_servers: str, partitions: int, replication_factor: int, seconds: float = 10) -> None:
    """Create what is missing; existing topics stay as they are. RetryError where Kafka does not answer."""
    admin = _admin(bootstrap_servers)
    wanted = [
        NewTopic(
            t.name,
            num_partitions=partitions,
            replication_factor=replication_factor,
            config=t.config,
        )
        for t in ALL
    ]
    try:
        for made in admin.create_topics(wanted, request_timeout=seconds).values():
            try:
                made.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
    except KafkaException as error:
        raise RetryError(f"Kafka at {bootstrap_servers} does not create topics: {error}") from error


def identify(bootstrap_servers: str, name: str, seconds: float = 10) -> str:
    """Kafka's id of a topic: another one after the topic was deleted and made again."""
    admin = _admin(bootstrap_servers)
    try:
        described = admin.describe_topics(TopicCollection([name]), request_timeout=seconds)
        return str(described[name].result().topic_id)
    except KafkaException as error:
        raise RetryError(f"Kafka at {bootstrap_servers} does not describe {name}: {error}") from error
