"""The compacted topic ``detector-state``: of each key, the last value counts."""

import time
from collections.abc import Iterator

from confluent_kafka import OFFSET_BEGINNING, KafkaError, TopicPartition

from secure_signal.adapters import kafka
from secure_signal.adapters.topics import DETECTOR_STATE
from secure_signal.core.errors import RetryError

_READER = "detector-state-reader"
_PATIENCE = 15.0


def read(bootstrap_servers: str, partitions: set[int]) -> Iterator[tuple[str, bytes | None]]:
    """Keys and values (None: the key is gone) from the beginning of these partitions to their end.

    What is appended after the call may be missing. RetryError where Kafka does not answer.
    """
    consumer = kafka.consumer(bootstrap_servers, _READER, **{"enable.partition.eof": True})
    consumer.assign([TopicPartition(DETECTOR_STATE, number, OFFSET_BEGINNING) for number in partitions])
    unread = set(partitions)
    heard = time.monotonic()
    try:
        while unread:
            for message in consumer.consume(1000, 0.05):
                heard = time.monotonic()
                error = message.error()
                if error is None:
                    yield (message.key() or b"").decode(), message.value()
                elif error.code() == KafkaError._PARTITION_EOF:
                    unread.discard(message.partition())
                else:
                    raise RetryError(f"{DETECTOR_STATE} cannot be read: {error.str()}")
            if time.monotonic() - heard > _PATIENCE:
                raise RetryError(f"{DETECTOR_STATE} cannot be read: Kafka does not answer")
    finally:
        consumer.close()
