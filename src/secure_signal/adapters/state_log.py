"""The compacted topic ``detector-state``: of each key, the last value counts."""

import time
from collections.abc import Iterator

from confluent_kafka import KafkaError, TopicPartition

from secure_signal.adapters import kafka
from secure_signal.adapters.topics import DETECTOR_STATE
from secure_signal.core.errors import RetryError

_READER = "detector-state-reader"
# The end of a partition is told when the broker has waited so long for more.
_SETTINGS = {"enable.partition.eof": True, "fetch.wait.max.ms": 10}
_PATIENCE = 15.0


def read(bootstrap_servers: str, partitions: set[int]) -> Iterator[tuple[str, bytes | None]]:
    """Keys and values (None: the key is gone) from the beginning of these partitions to their end.

    What is appended after the call may be missing. RetryError where Kafka does not answer.
    """
    # Not OFFSET_BEGINNING: to ask where that is takes half a second. Where 0 is gone, the earliest is taken.
    return read_on(bootstrap_servers, dict.fromkeys(partitions, 0))


def read_on(bootstrap_servers: str, offsets: dict[int, int]) -> Iterator[tuple[str, bytes | None]]:
    """The same from these offsets of partitions on, which move along: another call reads what is new."""
    consumer = kafka.consumer(bootstrap_servers, _READER, **_SETTINGS)
    consumer.assign([TopicPartition(DETECTOR_STATE, number, offset) for number, offset in offsets.items()])
    unread = set(offsets)
    heard = time.monotonic()
    try:
        while unread:
            for message in consumer.consume(1000, 0.05):
                heard = time.monotonic()
                error, partition, offset = message.error(), message.partition(), message.offset()
                if error is None and partition is not None and offset is not None:
                    offsets[partition] = offset + 1
                    yield (message.key() or b"").decode(), message.value()
                elif error is not None and error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(message.partition())
                else:
                    raise RetryError(f"{DETECTOR_STATE} cannot be read: {error}")
            if time.monotonic() - heard > _PATIENCE:
                raise RetryError(f"{DETECTOR_STATE} cannot be read: Kafka does not answer")
    finally:
        consumer.close()
