"""The topics: their names, and how they are made."""

from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.cimpl import NewTopic

from secure_signal.adapters import kafka
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


ALL = (
    # LZ4 makes a record no more than 255 times smaller, so what a consumer fetches is bounded in its
    # memory too; zstd would let a small fetch be gigabytes. What comes in LZ4 is not compressed again.
    Topic(SIGNALS, {"compression.type": "lz4"}),
    Topic(ANOMALIES),
    # A dead letter is the raw record, as far as it fits.
    Topic(DEAD_LETTERS, {"max.message.bytes": str(kafka.MAX_BATCH_BYTES), "retention.ms": "-1"}),
    # Only closed segments are compacted, and who restores a state reads all that is not.
    Topic(
        DETECTOR_STATE,
        {
            "cleanup.policy": "compact",
            "max.message.bytes": str(kafka.MAX_BATCH_BYTES),
            "segment.bytes": str(32 * 1024 * 1024),
            "segment.ms": str(60 * 60 * 1000),
            "min.cleanable.dirty.ratio": "0.2",
        },
    ),
    Topic(MATCHES),
)


def ensure(bootstrap_servers: str, partitions: int, replication_factor: int, seconds: float = 10) -> None:
    """Create what is missing; existing topics stay as they are. RetryError where Kafka does not answer."""
    admin = kafka.admin(bootstrap_servers)
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
