"""Kafka clients as this project sets them."""

from typing import Any

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

# librdkafka waits this long to fetch again after its queue was full; its default of 1000 costs a
# factor of four in throughput.
_FETCH_BACKOFF_MS = 10

# Critical (syslog's 2): librdkafka writes each failed connection to stderr, many a second during an
# outage, of which the services tell themselves.
_LOG_LEVEL = 2

MAX_BATCH_BYTES = 16 * 1024 * 1024
"""Of what is sent at once, as Kafka counts it: compressed."""


def producer(bootstrap_servers: str, name: str, **changes: Any) -> Producer:
    """An idempotent producer with acks=all, and Java's partitioner: any client finds a key's partition."""
    return Producer(
        {
            "bootstrap.servers": bootstrap_servers,
            "client.id": name,
            "log_level": _LOG_LEVEL,
            "enable.idempotence": True,
            "acks": "all",
            "partitioner": "murmur2_random",
            "compression.type": "lz4",
            "linger.ms": 2,
            "message.max.bytes": MAX_BATCH_BYTES,
            **changes,
        }
    )


def consumer(bootstrap_servers: str, group: str, **changes: Any) -> Consumer:
    """A consumer that starts at the earliest offset and commits only when told to."""
    return Consumer(
        {
            "bootstrap.servers": bootstrap_servers,
            "client.id": group,
            "log_level": _LOG_LEVEL,
            "group.id": group,
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "earliest",
            "partition.assignment.strategy": "cooperative-sticky",
            "fetch.queue.backoff.ms": _FETCH_BACKOFF_MS,
            "fetch.message.max.bytes": MAX_BATCH_BYTES,
            **changes,
        }
    )


def admin(bootstrap_servers: str) -> AdminClient:
    """A client that asks about topics and makes them."""
    return AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": _LOG_LEVEL})
