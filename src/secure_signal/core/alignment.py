"""Partitions read in step: a backlog is read in about the order in which it came to be."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heapreplace
from typing import NamedTuple

LARGEST = 4_000
"""Records of a block."""
STEP = 1_000
"""Milliseconds that a partition may be read ahead of the others: a block at a time, not a record."""


class Block(NamedTuple):
    """Records of one partition that follow each other, as columns.

    ``timestamps`` are Kafka's, in milliseconds since the epoch, -1 for none.
    """

    offsets: Sequence[int]
    timestamps: Sequence[int]
    values: Sequence[bytes]

    def part(self, start: int, end: int) -> "Block":
        """The records at these places."""
        return Block(self.offsets[start:end], self.timestamps[start:end], self.values[start:end])


class Queue:
    """What was fetched of one partition and not yet read.

    ``fetched`` is the offset before which all was fetched, ``end`` the log's end as last heard of, ``size``
    how many bytes of records are here.
    ``at_end`` says that there was no more to fetch: offsets alone do not tell, because the last ones of a
    log may be no records (the marks of somebody's transaction).
    """

    def __init__(self, fetched: int, end: int) -> None:
        self.fetched = fetched
        self.end = end
        self.at_end = False
        self.size = 0
        self._offsets: list[int] = []
        self._timestamps: list[int] = []
        self._values: list[bytes] = []
        self._read = 0
        self._last = -1

    def __len__(self) -> int:
        return len(self._offsets) - self._read

    @property
    def head(self) -> int:
        """The timestamp of the next record."""
        return self._timestamps[self._read]

    @property
    def is_awaited(self) -> bool:
        """Whether nothing is here of a partition that has more."""
        return not len(self) and not self.at_end and self.fetched < self.end

    @property
    def offset(self) -> int:
        """Before it, all was read."""
        return self._offsets[self._read] if len(self) else self.fetched

    @property
    def arrival(self) -> int:
        """The time (ms) before which all that arrived was read; -1 where nothing was."""
        return self.head if len(self) else self._last

    def add(self, block: Block) -> None:
        """Take records that were fetched, at least one."""
        for column in (self._offsets, self._timestamps, self._values):
            del column[: self._read]
        self._read = 0
        self._offsets += block.offsets
        self._timestamps += block.timestamps
        self._values += block.values
        self.size += _size(block.values)
        self.fetched = block.offsets[-1] + 1
        self.at_end = False

    def take(self, until: float) -> Block:
        """Read what has timestamps up to ``until``, and one record in any case; at most a block."""
        start = self._read
        end = max(start + 1, bisect_right(self._timestamps, until, start))
        self._read = end = min(end, start + LARGEST)
        self._last = self._timestamps[end - 1]
        values = self._values[start:end]
        self.size -= _size(values)
        return Block(self._offsets[start:end], self._timestamps[start:end], values)


# Bytes of a record beside its value.
_RECORD = 100


def _size(values: Sequence[bytes]) -> int:
    return sum(map(len, values)) + _RECORD * len(values)


def aligned(queues: Sequence[Queue], limit: float) -> Iterator[tuple[int, Block]]:
    """Blocks, that with the oldest head first, each with its queue's index; nothing after ``limit`` (ms).

    A block goes on until STEP after the next queue's head. It ends when a queue is awaited or all are
    empty. Kafka Streams chooses its next record likewise (KIP-353, KIP-695). A partition that has nothing
    more does not hold the others.
    """
    if any(queue.is_awaited for queue in queues):
        return
    heads = [(queue.head, index) for index, queue in enumerate(queues) if len(queue)]
    heapify(heads)
    while heads and heads[0][0] <= limit:
        index = heads[0][1]
        queue = queues[index]
        others = min(heads[1:3])[0] + STEP if len(heads) > 1 else limit
        yield index, queue.take(min(others, limit))
        if len(queue):
            heapreplace(heads, (queue.head, index))
        elif queue.is_awaited:
            return
        else:
            heappop(heads)
