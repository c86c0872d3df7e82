"""Partitions read in step: a backlog is read in about the order in which it came to be."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heapreplace


@dataclass(frozen=True, slots=True)
class Record:
    """A record of a partition; ``timestamp`` is Kafka's, in milliseconds since the epoch, -1 for none."""

    offset: int
    timestamp: int
    value: bytes

    @property
    def arrival(self) -> int:
        """Its timestamp in microseconds."""
        return self.timestamp * 1000


@dataclass
class Queue:
    """What was fetched of one partition and not yet read.

    ``fetched`` is the offset after the last record fetched, ``end`` the log's end as last heard of.
    ``at_end`` says that there was no more to fetch: offsets alone do not tell, because the last ones of a
    log may be no records (the marks of somebody's transaction).
    """

    fetched: int
    end: int
    at_end: bool = False
    records: deque[Record] = field(default_factory=deque)

    def add(self, record: Record) -> None:
        """Take a record that was fetched."""
        self.records.append(record)
        self.fetched = record.offset + 1
        self.at_end = False

    @property
    def is_awaited(self) -> bool:
        """Whether nothing is here of a partition that has more."""
        return not self.records and not self.at_end and self.fetched < self.end


def aligned(queues: Sequence[Queue]) -> Iterator[tuple[int, Record]]:
    """Records, the oldest of all heads first, each with its queue's index.

    It ends when a queue is awaited or all are empty. Kafka Streams chooses its next record likewise
    (KIP-353, KIP-695). A partition that has nothing more does not hold the others.
    """
    if any(queue.is_awaited for queue in queues):
        return
    heads = [(q.records[0].timestamp, index) for index, q in enumerate(queues) if q.records]
    heapify(heads)
    while heads:
        index = heads[0][1]
        queue = queues[index]
        yield index, queue.records.popleft()
        if queue.records:
            heapreplace(heads, (queue.records[0].timestamp, index))
        elif queue.is_awaited:
            return
        else:
            heappop(heads)
