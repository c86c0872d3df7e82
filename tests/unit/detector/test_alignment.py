from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.alignment import Queue, Record, aligned


def queue(*timestamps: int, more: int = 0) -> Queue:
    made = Queue(fetched=0, end=len(timestamps) + more)
    for offset, timestamp in enumerate(timestamps):
        made.add(Record(offset, timestamp, b""))
    return made


def order(*queues: Queue) -> list[int]:
    return [record.timestamp for _, record in aligned(queues)]


@given(st.lists(st.lists(st.integers(0, 99)).map(sorted), max_size=5), st.randoms())
def test_partitions_in_order_come_out_in_order_however_they_are_fetched(
    logs: list[list[int]], random: object
) -> None:
    queues = [Queue(fetched=0, end=len(log)) for log in logs]
    read: list[int] = []
    while any(q.fetched < q.end for q in queues):
        number = random.choice([n for n, q in enumerate(queues) if q.fetched < q.end])  # type: ignore[attr-defined]
        offset = queues[number].fetched
        queues[number].add(Record(offset, logs[number][offset], b""))
        read += order(*queues)
    assert read == sorted(read)
    assert len(read) == sum(map(len, logs))


def test_a_partition_with_more_to_come_is_awaited() -> None:
    assert order(queue(5, 6), queue(more=1)) == []
    assert order(queue(1, 8), queue(2, more=1)) == [1, 2]


def test_a_partition_read_to_its_end_holds_nobody() -> None:
    assert order(queue(5, 6), queue()) == [5, 6]


def test_an_end_that_no_record_reaches_holds_nobody() -> None:
    behind_a_transaction = queue(more=1)
    behind_a_transaction.at_end = True
    assert order(queue(5), behind_a_transaction) == [5]
