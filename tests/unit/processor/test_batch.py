import gc
import json
import struct
import weakref

from confluent_kafka import Message

from secure_signal.adapters import topics
from secure_signal.adapters.dead_letters import DeadLetter, content
from secure_signal.adapters.offset_table import Position
from secure_signal.core import identity
from secure_signal.services.processor.batch import Batch, fill

SIGNAL = json.dumps(
    {"user_id": "a", "type": "t", "timestamp": "2000-01-02T00:00:00Z", "payload": {"n": 1}}
).encode()
KEY = (topics.SIGNALS, 0)


def record(
    offset: int, value: bytes | None = SIGNAL, partition: int = 0, topic: str = topics.SIGNALS
) -> Message:
    return Message(
        topic=topic, partition=partition, offset=offset, value=value, key=b"k", timestamp=(1, 1000)
    )


def claimed(next_offset: int) -> dict[tuple[str, int], Position]:
    return {KEY: Position(topics.SIGNALS, "topic-id", 0, 1, next_offset, next_offset)}


def test_only_what_is_new_in_a_claimed_partition_is_taken() -> None:
    batch, positions = Batch(), claimed(5)
    fill(batch, [record(4), record(5), record(6, partition=1), record(9), record(8)], positions)
    assert [r.offset() for r in batch.records] == [5, 9]
    assert positions[KEY].next == 10
    assert positions[KEY].stored == 5


def test_a_signal_without_id_gets_the_one_of_its_record() -> None:
    batch = Batch()
    fill(batch, [record(7)], claimed(5))
    own = identity.of_record("topic-id", 0, 7).encode()
    assert batch.rows == [
        struct.pack("!hi36si1si1siqi", 5, 36, own, 1, b"a", 1, b"t", 8, 86_400_000_000, len(b'x{"n": 1}'))
        + b'\x01{"n": 1}'
    ]
    assert batch.days == {10_958}


def test_what_cannot_be_read_is_set_aside_and_passed() -> None:
    batch, positions = Batch(), claimed(0)
    positions[topics.ANOMALIES, 0] = Position(topics.ANOMALIES, "other", 0, 1, 0, 0)
    fill(
        batch,
        [
            record(0, None),
            record(1, b""),
            record(2, b"[]"),
            record(3),
            record(0, b"{}", topic=topics.ANOMALIES),
        ],
        positions,
    )
    assert [letter.record.offset() for letter in batch.dead] == [0, 1, 2, 0]
    assert [p.next for p in positions.values()] == [4, 1]
    assert len(batch) == 5


def test_a_dead_letter_says_why_and_where_and_keeps_its_own_headers() -> None:
    letter = DeadLetter(record(3), "payload", "must be a JSON object")
    key, value, headers = content(letter)
    assert (key, value) == (b"k", SIGNAL)
    assert dict(headers) == {
        "reason": b"must be a JSON object",
        "field": b"payload",
        "topic": b"signal-events",
        "partition": b"0",
        "offset": b"3",
        "timestamp": b"1000",
    }


class Tracked(Message):
    """A record that can be seen to go."""


def test_a_record_set_aside_goes_with_its_batch_without_waiting_for_the_collector() -> None:
    batch = Batch()
    fill(batch, [Tracked(topic=topics.SIGNALS, partition=0, offset=0, value=b"{")], claimed(0))
    held = weakref.ref(batch.dead[0].record)
    gc.disable()
    try:
        del batch
        assert held() is None
    finally:
        gc.enable()
