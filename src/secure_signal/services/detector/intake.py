"""What was fetched from Kafka, by partition, in the order in which it is to be read."""

import time
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import TypeAlias, cast

from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from secure_signal.adapters.topics import MATCHES, SIGNALS
from secure_signal.core.alignment import Block, Queue, aligned
from secure_signal.core.errors import RetryError

Partition: TypeAlias = tuple[str, int]
"""A topic's name and the number of one of its partitions."""

_BATCH = 2_000
_WAIT = 0.02
# Records of signals that one turn gives, about.
_TURN = 20_000
# Bytes that are held of all partitions together.
_HELD = 64 * 1024 * 1024
_PATIENCE = 5.0

# Small fetches, so that partitions come in step and memory stays small.
SETTINGS = {
    "fetch.message.max.bytes": 512 * 1024,
    "queued.min.messages": 4_000,
    "queued.max.messages.kbytes": 2048,
    "enable.partition.eof": True,
}


class Intake:
    """Queues of the partitions that two consumers fetch, one of ``signal-events``, one of ``signal-matches``.

    A partition of which much is held is paused; its client drops what it has prefetched then, so it comes
    seldom. Where partitions wait for one whose records do not come, they do so for five seconds.
    """

    def __init__(self, signals: Consumer, matches: Consumer) -> None:
        self._consumers = {SIGNALS: signals, MATCHES: matches}
        self._queues: dict[Partition, Queue] = {}
        self._paused: set[Partition] = set()
        self._moved_at = time.monotonic()

    def open(self, partition: Partition, offset: int, end: int) -> None:
        """Fetch a partition from an offset on; ``end`` is where its log ends now."""
        self._consumers[partition[0]].incremental_assign([TopicPartition(*partition, offset)])
        self._queues[partition] = Queue(offset, end)

    def close(self, partition: Partition) -> None:
        """Drop a partition that is given away, with what was fetched of it."""
        if self._queues.pop(partition, None):
            self._consumers[partition[0]].incremental_unassign([TopicPartition(*partition)])
        self._paused.discard(partition)

    def fetch(self) -> None:
        """Wait a moment for records; RetryError where a topic cannot be read, or is not the one it was."""
        # An instance without signals waits likewise: matches came while it did.
        self._take(self._consumers[SIGNALS].consume(_BATCH, _WAIT))
        self._take(self._consumers[MATCHES].consume(_BATCH, 0))
        for partition, queue in self._queues.items():
            _, end = self._consumers[partition[0]].get_watermark_offsets(
                TopicPartition(*partition), cached=True
            )
            queue.end = max(queue.end, end)
            self._pace(partition, queue.size)

    def blocks(self, limit: float) -> Iterator[tuple[Partition, Block]]:
        """Signals until ``limit`` (ms), the oldest of all partitions first; then the rest.

        Of both some tens of thousands at most: then others are to hear how far they are.
        """
        signals = {partition: queue for partition, queue in self._queues.items() if partition[0] == SIGNALS}
        names, queues = list(signals), list(signals.values())
        held = sum(map(len, queues))
        self._lose_patience(queues)
        for index, block in _some(aligned(queues, limit)):
            yield names[index], block
        if sum(map(len, queues)) < held:
            self._moved_at = time.monotonic()
        for partition, queue in self._queues.items():
            if partition not in signals and len(queue):
                yield partition, queue.take(float("inf"))

    def reached(self, partition: Partition) -> tuple[int, int]:
        """How far a partition was given: the next offset, and the time (ms) of all arrivals before."""
        queue = self._queues[partition]
        return queue.offset, queue.arrival

    def end(self, partition: Partition) -> int:
        """Where a partition's log ends, as last heard of."""
        return self._queues[partition].end

    def _take(self, messages: list[Message]) -> None:
        for key, group in groupby(messages, key=_place):
            queue = self._queues.get(key)
            if queue is not None:
                _hold(list(group), queue)

    def _lose_patience(self, queues: list[Queue]) -> None:
        awaited = [queue for queue in queues if queue.is_awaited]
        now = time.monotonic()
        if not awaited or not any(map(len, queues)):
            self._moved_at = now
        elif now - self._moved_at > _PATIENCE:
            for queue in awaited:
                queue.at_end = True

    def _pace(self, partition: Partition, held: int) -> None:
        consumer, share = self._consumers[partition[0]], _HELD // len(self._queues)
        if held > share and partition not in self._paused:
            consumer.pause([TopicPartition(*partition)])
            self._paused.add(partition)
        elif held < share // 2 and partition in self._paused:
            consumer.resume([TopicPartition(*partition)])
            self._paused.discard(partition)


def _some(blocks: Iterable[tuple[int, Block]]) -> Iterator[tuple[int, Block]]:
    """Blocks, until there are many records in them."""
    count = 0
    for index, block in blocks:
        yield index, block
        count += len(block.offsets)
        if count >= _TURN:
            return


def _place(message: Message) -> Partition:
    return cast(Partition, (message.topic(), message.partition()))


def _hold(messages: list[Message], queue: Queue) -> None:
    """Take messages of one partition."""
    for fails, group in groupby(messages, key=_fails):
        if fails:
            for message in group:
                _heed(message, queue)
        else:
            _add(list(group), queue)


def _fails(message: Message) -> bool:
    return message.error() is not None


def _add(messages: list[Message], queue: Queue) -> None:
    block = Block(
        cast(list[int], [message.offset() for message in messages]),
        [message.timestamp()[1] for message in messages],
        cast(list[bytes], [message.value() or b"" for message in messages]),
    )
    if block.offsets[0] < queue.fetched:
        raise RetryError(f"{messages[0].topic()} goes back to offset {block.offsets[0]}: it was made anew")
    queue.add(block)


def _heed(message: Message, queue: Queue) -> None:
    error = cast(KafkaError, message.error())
    if error.code() != KafkaError._PARTITION_EOF:
        raise RetryError(f"{message.topic()} cannot be read: {error.str()}")
    # The last ones may be no records.
    queue.fetched = max(queue.fetched, cast(int, message.offset()))
    queue.at_end = True
