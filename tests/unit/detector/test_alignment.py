from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.alignment import LARGEST, STEP, Block, Queue, aligned

ENDLESS = float("inf")


def block(first: int, timestamps: list[int]) -> Block:
    return Block(range(first, first + len(timestamps)), timestamps, [b""] * len(timestamps))


def queue(*timestamps: int, more: int = 0) -> Queue:
    made = Queue(fetched=0, end=len(timestamps) + more)
    if timestamps:
        made.add(block(0, list(timestamps)))
    return made


def order(*queues: Queue, limit: float = ENDLESS) -> list[int]:
    return [timestamp for _, block in aligned(queues, limit) for timestamp in block.timestamps]


@given(st.lists(st.lists(st.integers(0, 9 * STEP)).map(sorted), max_size=5), st.randoms())
def test_partitions_in_order_come_out_in_step_however_they_are_fetched(
    logs: list[list[int]], random: object
) -> None:
    queues = [Queue(fetched=0, end=len(log)) for log in logs]
    read: list[int] = []
    while any(q.fetched < q.end for q in queues):
        number = random.choice([n for n, q in enumerate(queues) if q.fetched < q.end])  # type: ignore[attr-defined]
        offset = queues[number].fetched
        count = random.randrange(1, 4)  # type: ignore[attr-defined]
        queues[number].add(block(offset, logs[number][offset : offset + count]))
        read += order(*queues)
    assert sorted(read) == sorted(t for log in logs for t in log)
    newest = -1
    for timestamp in read:
        assert timestamp >= newest - STEP
        newest = max(newest, timestamp)


def test_each_partition_comes_in_its_own_order() -> None:
    blocks = list(aligned([queue(1, 5, 3000), queue(2, 2000)], ENDLESS))
    assert [(index, *b.offsets) for index, b in blocks] == [(0, 0, 1), (1, 0, 1), (0, 2)]


def test_a_partition_with_more_to_come_is_awaited() -> None:
    assert order(queue(5, 6), queue(more=1)) == []
    assert order(queue(1, 8000), queue(2, more=1)) == [1, 2]


def test_a_partition_read_to_its_end_holds_nobody() -> None:
    assert order(queue(5, 6), queue()) == [5, 6]


def test_an_end_that_no_record_reaches_holds_nobody() -> None:
    behind_a_transaction = queue(more=1)
    behind_a_transaction.at_end = True
    assert order(queue(5), behind_a_transaction) == [5]


def test_nothing_is_read_after_the_limit() -> None:
    waiting = queue(5, 6, 7)
    assert order(waiting, limit=6) == [5, 6]
    assert order(waiting, limit=6) == []
    assert (waiting.offset, waiting.arrival) == (2, 7)


def test_all_was_read_before_the_next_record_or_after_the_last_one() -> None:
    nothing, fetching = queue(more=1), queue(5, 6, more=1)
    assert (nothing.offset, nothing.arrival) == (0, -1)
    assert (fetching.offset, fetching.arrival) == (0, 5)
    order(fetching)
    assert (fetching.offset, fetching.arrival) == (2, 6)


def test_a_queue_knows_how_many_bytes_are_in_it() -> None:
    waiting = Queue(fetched=0, end=3)
    waiting.add(Block([0, 1, 2], [5, 6, 7], [b"a", b"bb", b"cccc"]))
    full = waiting.size
    waiting.take(until=6)
    assert waiting.size == full // 3 + 2
    waiting.add(Block([3], [8], [b""]))
    assert waiting.size > full // 3 + 2, "one without a value takes room too"
    waiting.take(ENDLESS)
    assert waiting.size == 0


def test_a_block_is_no_longer_than_others_can_wait() -> None:
    waiting = queue(*[5] * (2 * LARGEST + 1))
    blocks = [len(each.offsets) for _, each in aligned([waiting, queue(7)], ENDLESS)]
    assert blocks == [LARGEST, LARGEST, 1, 1]
