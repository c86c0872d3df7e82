"""The topics: their names, and how they are made."""

from dataclasses import dataclass, field

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
)
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
    # Its records arrive when the broker says so: windows go by that, and whoever produces could say anything.
    Topic(SIGNALS, {"compression.type": "lz4", "message.timestamp.type": "LogAppendTime"}),
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
    # A match holds values of its signal, so it may be as large.
    Topic(MATCHES, {"max.message.bytes": str(kafka.MAX_BATCH_BYTES)}),
)


# What the pipeline relies on, in topics that are there already too; the rest is the operator's to change.
_FIXED = {"compression.type", "message.timestamp.type"}


def ensure(bootstrap_servers: str, partitions: int, replication_factor: int, seconds: float = 10) -> None:
    """Create what is missing; of existing topics set only what the pipeline relies on, where it differs.

    RetryError where Kafka does not answer, or refuses.
    """
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
    there: set[str] = set()
    try:
        for name, made in admin.create_topics(wanted, request_timeout=seconds).items():
            try:
                made.result()
            except KafkaException as error:
                if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                    raise
                there.add(name)
        _adapt(admin, [t for t in ALL if t.name in there and t.config.keys() & _FIXED], seconds)
    except KafkaException as error:
        raise RetryError(f"Kafka at {bootstrap_servers} does not create or set topics: {error}") from error


def _adapt(admin: AdminClient, topics: list[Topic], seconds: float) -> None:
    """Set what differs: who may not alter topics needs not to where nothing does."""
    if not topics:
        return
    asked = admin.describe_configs([_resource(t.name, {}) for t in topics], request_timeout=seconds)
    known = {resource.name: answer.result() for resource, answer in asked.items()}
    changes = [
        _resource(t.name, changed)
        for t in topics
        if (
            changed := {
                k: t.config[k] for k in t.config.keys() & _FIXED if known[t.name][k].value != t.config[k]
            }
        )
    ]
    if changes:
        for altered in admin.incremental_alter_configs(changes, request_timeout=seconds).values():
            altered.result()


def _resource(name: str, config: dict[str, str]) -> ConfigResource:
    entries = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in config.items()
    ]
    return ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)
