"""What one transaction of the processor does in PostgreSQL: once, fenced, all but the guilty."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from confluent_kafka import Message
from tests.servers import until

from secure_signal.adapters import topics
from secure_signal.adapters.binary_copy import signal_row
from secure_signal.adapters.day_partitions import DAY
from secure_signal.core.errors import FencedError
from secure_signal.core.signal import Signal
from secure_signal.services.processor.batch import Batch
from secure_signal.services.processor.store import Store

pytestmark = pytest.mark.integration

NOON = 1_779_278_400_000_000
OpenStore = Callable[[], Store]


@pytest.fixture
def open_store(database_url: str) -> Iterator[OpenStore]:
    opened: list[Store] = []

    def open_one() -> Store:
        opened.append(Store(database_url, "test"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


def batch_of(*signals: Signal) -> Batch:
    return Batch(
        rows=[signal_row(s) for s in signals],
        records=[Message(topic=topics.SIGNALS, partition=0, offset=i) for i, _ in enumerate(signals)],
    )


def signal(signal_id: str = "", payload: bytes = b"{}", timestamp: int = NOON) -> Signal:
    return Signal(signal_id or str(uuid.uuid4()), "u", "t", timestamp, payload)


def stored(store: Store) -> list[tuple[str, str]]:
    return store.connection.execute("SELECT id, payload::text FROM signals ORDER BY id").fetchall()


def run(store: Store, batch: Batch) -> list[int | None]:
    """Store a batch with no offsets to advance; the offsets of the records that were refused."""
    if batch.rows:
        store.write(batch.rows)
    refused = store.settle(batch)
    store.commit([])
    return [letter.record.offset() for letter in refused]


def test_a_signal_sent_again_is_stored_once(open_store: OpenStore) -> None:
    store = open_store()
    assert run(store, batch_of(signal("a"), signal("b"))) == []
    again = batch_of(signal("b", b'{"changed":1}'), signal("c"), signal("c", b'{"changed":1}'))
    assert run(store, again) == []
    assert run(store, batch_of(signal("d"))) == []
    assert stored(store) == [(name, "{}") for name in "abcd"]


def test_only_what_postgresql_refuses_is_set_aside(open_store: OpenStore) -> None:
    store = open_store()
    # The contract keeps these out; the store must not rely on it.
    bad = {3: b'{"a":"\\u0000"}', 4: b'{"a":"\xff"}', 11: b"{", 15: b"[" * 100_000}
    batch = batch_of(*(signal(f"{i:02}", bad.get(i, b"{}")) for i in range(16)))
    assert run(store, batch) == list(bad)
    assert [name for name, _ in stored(store)] == [f"{i:02}" for i in range(16) if i not in bad]


def test_the_owner_before_can_store_no_more(open_store: OpenStore) -> None:
    zombie, owner = open_store(), open_store()
    old = zombie.claim(topics.SIGNALS, "id", 0)
    zombie.write(batch_of(signal("from the zombie")).rows)
    new = owner.claim(topics.SIGNALS, "id", 0)
    zombie.settle(Batch())
    old.next = 1
    with pytest.raises(FencedError):
        zombie.commit([old])
    zombie.close()
    run(owner, batch_of(signal("from the owner")))
    new.next = 1
    owner.commit([new])
    assert stored(owner) == [("from the owner", "{}")]
    assert owner.claim(topics.SIGNALS, "id", 0).stored == 1


def test_a_frozen_owner_does_not_hold_up_the_next(open_store: OpenStore, database_url: str) -> None:
    frozen = open_store()
    for i in range(2000):
        frozen.write(batch_of(signal(str(i))).rows)
    observer = open_store()
    until(lambda: copied(observer) > 0, "rows of the frozen owner are in the table, not committed")
    owner = Store(database_url, "test", frozen_seconds=0)
    assert run(owner, batch_of(*(signal(str(i)) for i in range(2000)))) == []
    assert len(stored(owner)) == 2000
    owner.close()


def copied(observer: Store) -> int:
    query = "SELECT coalesce(sum(tuples_processed), 0) FROM pg_stat_progress_copy"
    return int(observer.connection.execute(query).fetchall()[0][0])


def test_a_topic_made_anew_starts_at_its_own_offsets(open_store: OpenStore) -> None:
    store = open_store()
    position = store.claim(topics.SIGNALS, "old", 0)
    position.next = 7
    store.commit([position])
    assert store.claim(topics.SIGNALS, "old", 0).stored == 7
    assert store.claim(topics.SIGNALS, "new", 0).stored == 0


def test_a_partition_added_under_an_open_copy_costs_a_second_attempt_only(open_store: OpenStore) -> None:
    writer, other = open_store(), open_store()
    other.provide([NOON // DAY], NOON)
    filler = [signal(f"{i:04}", b'{"a":"' + b"x" * 200 + b'"}') for i in range(2000)]
    batch = batch_of(*filler, signal("tomorrow", timestamp=NOON + DAY))
    for row in batch.rows[:-1]:
        writer.write([row])
    until(lambda: copied(other) > 0, "the COPY has found its partitions")
    other.provide([NOON // DAY + 1], NOON)
    writer.write(batch.rows[-1:])
    assert writer.settle(batch) == []
    writer.commit([])
    assert len(stored(writer)) == len(batch)
