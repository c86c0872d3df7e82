"""What was fetched from Kafka, by partition, in the order in which it is to be read."""

import time
from collections.abc import Iterator
from typing import TypeAlias, cast

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from secure_signal.adapters.topics import SIGNALS
from secure_signal.core.alignment import Queue, Record, aligned
from secure_signal.core.errors import RetryError

Partition: TypeAlias = tuple[str, int]
"""A topic's name and the number of one of its partitions."""

_BATCH = 1_000
_WAIT = 0.02
_HELD = 2_000
_PATIENCE = 5.0

# Small fetches, so that partitions come in step and memory stays small.
SETTINGS = {
    "fetch.message.max.bytes": 256 * 1024,
    "queued.min.messages": _HELD,
    "queued.max.messages.kbytes": 1024,
    "enable.partition.eof": True,
}


class Intake:
    """Queues of the partitions that ``consumer`` fetches.

    About 2,000 records of a partition are held at most; with more, it is paused. Where partitions wait for
    one whose records do not come, they do so for five seconds.
    """

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._queues: dict[Partition, Queue] = {}
        self._paused: set[Partition] = set()
        self._moved_at = time.monotonic()

    def open(self, partition: Partition, offset: int, end: int) -> None:
        """Fetch a partition from an offset on; ``end`` is where its log ends now."""
        self._consumer.incremental_assign([TopicPartition(*partition, offset)])
        self._queues[partition] = Queue(offset, end)

    def close(self, partition: Partition) -> None:
        """Drop a partition that is given away, with what was fetched of it."""
        if self._queues.pop(partition, None):
            self._consumer.incremental_unassign([TopicPartition(*partition)])
        self._paused.discard(partition)

    def fetch(self) -> None:
        """Wait a moment for records; RetryError where a topic cannot be read, or is not the one it was."""
        for message in self._consumer.consume(_BATCH, _WAIT):
            queue = self._queues.get(cast(Partition, (message.topic(), message.partition())))
            if queue is not None:
                _hold(message, queue)
        for partition, queue in self._queues.items():
            _, end = self._consumer.get_watermark_offsets(TopicPartition(*partition), cached=True)
            queue.end = max(queue.end, end)
            self._pace(partition, len(queue.records))

    def records(self) -> Iterator[tuple[Partition, Record]]:
        """Signals, the oldest of all partitions first; then the rest, as it stands in its partition."""
        signals = {partition: queue for partition, queue in self._queues.items() if partition[0] == SIGNALS}
        held = sum(len(queue.records) for queue in signals.values())
        self._lose_patience(list(signals.values()))
        names = list(signals)
        for index, record in aligned(list(signals.values())):
            yield names[index], record
        if sum(len(queue.records) for queue in signals.values()) < held:
            self._moved_at = time.monotonic()
        for partition, queue in self._queues.items():
            while partition not in signals and queue.records:
                yield partition, queue.records.popleft()

    def end(self, partition: Partition) -> int:
        """Where a partition's log ends, as last heard of."""
        return self._queues[partition].end

    def _lose_patience(self, queues: list[Queue]) -> None:
        awaited = [queue for queue in queues if queue.is_awaited]
        now = time.monotonic()
        if not awaited or not any(queue.records for queue in queues):
            self._moved_at = now
        elif now - self._moved_at > _PATIENCE:
            for queue in awaited:
                queue.at_end = True

    def _pace(self, partition: Partition, held: int) -> None:
        if held > _HELD and partition not in self._paused:
            self._consumer.pause([TopicPartition(*partition)])
            self._paused.add(partition)
        elif held < _HELD // 2 and partition in self._paused:
            self._consumer.resume([TopicPartition(*partition)])
            self._paused.discard(partition)


def _hold(message: Message, queue: Queue) -> None:
    error = message.error()
    offset = cast(int, message.offset())
    if error is None and offset < queue.fetched:
        raise RetryError(f"{message.topic()} goes back to offset {offset}: it was made anew")
    if error is None:
        queue.add(Record(offset, message.timestamp()[1], message.value() or b""))
    elif error.code() == KafkaError._PARTITION_EOF:
        queue.at_end = True
    else:
        raise RetryError(f"{message.topic()} cannot be read: {error.str()}")
