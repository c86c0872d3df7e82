import random
from bisect import bisect_right

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_signal.core import merge, roll_call
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.merge import Merge, Standing
from secure_signal.core.parcel import Entry, Parcel, Progress

MATCH = Match("rule", (0,), ("group",), 0, "id", "user")
ALL = Progress(2**60, 2**60)
HOURS = 4 * 3_600_000


def entry(source: int, offset: int, watermark: int, arrival: int = 0) -> Entry:
    return Entry(source, offset, 0, watermark, arrival, MATCH)


def parcel(
    progress: dict[int, Progress],
    *entries: Entry,
    ends: list[int],
    topic: str = "t",
    settled: dict[int, int] | None = None,
) -> Parcel:
    return Parcel(topic, progress, ends, list(entries), settled or {})


def taken(
    merging: Merge, parcels: list[Parcel], start: int = 0, apart: int = 1
) -> list[tuple[int, int, int]]:
    """Number, source and offset of what passes; parcels are so many milliseconds apart."""
    return [
        (number, passed.source, passed.offset)
        for offset, each in enumerate(parcels[start:], start)
        for number, passed in merging.take(each, offset, offset * apart)
    ]


def places(passed: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    return [(source, offset) for _, source, offset in passed]


TIMES = st.lists(
    st.lists(st.integers(0, 40).map(lambda t: t * 10), max_size=20).map(sorted), min_size=1, max_size=4
)


def published(logs: list[list[int]], draw: random.Random, *, belated: bool = False) -> list[Parcel]:
    """A log in which sources are ahead of each other at random, and die and publish some of it again.

    What a log held when another was read is what had come to be by then, or more. Of what is belated some was
    still to come: what was told once it had settled holds.
    """
    reached = [0] * len(logs)
    arrival = HOURS if belated else 0
    log = []

    def ends(now: int) -> list[int]:
        return [draw.randint(bisect_right(other, now), len(other)) for other in logs]

    while any(at < len(times) for at, times in zip(reached, logs, strict=True)):
        source = draw.randrange(len(logs))
        times = logs[source]
        begin = max(0, reached[source] - draw.choice([0, 0, 0, 5]))
        end = min(len(times), begin + draw.randrange(8))
        reached[source] = max(reached[source], end)
        progress = Progress(end, times[end - 1] if end else -1)
        entries = [entry(source, offset, times[offset], arrival) for offset in range(begin, end)]
        now = times[end - 1] if end else 0
        told = ends(now) if entries else []
        if belated:
            told = [draw.randint(0, each) for each in told]
        log.append(parcel({source: progress}, *entries, ends=told))
        if belated and draw.random() < 0.5:
            log.append(parcel({source: progress}, ends=ends(now), settled={source: end}))
    rest = {source: Progress(len(times), -1) for source, times in enumerate(logs)}
    lengths = [len(times) for times in logs]
    settled = dict(enumerate(lengths)) if belated else {}
    return [
        *log,
        *(parcel({source: progress}, ends=[]) for source, progress in rest.items()),
        parcel({}, ends=lengths, settled=settled),
    ]


@given(TIMES, st.integers(0, 99), st.booleans())
def test_whichever_source_is_ahead_entries_come_once_and_in_the_order_of_time(
    logs: list[list[int]], seed: int, belated: bool
) -> None:
    log = published(logs, random.Random(seed), belated=belated)
    order = sorted(
        (time, source, offset) for source, times in enumerate(logs) for offset, time in enumerate(times)
    )
    passed = taken(Merge(Standing()), log)
    assert places(passed) == [(source, offset) for _, source, offset in order]
    assert [number for number, _, _ in passed] == list(range(1, len(order) + 1))


@settings(max_examples=200)
@given(
    TIMES,
    st.integers(0, 99),
    st.booleans(),
    st.lists(st.integers(0, 60), max_size=4),
    st.integers(1, 9),
    st.sampled_from([1, 1_500, 9_000]),
)
def test_restored_at_any_moment_it_gives_the_rest_in_the_same_order_with_the_same_numbers(
    logs: list[list[int]], seed: int, belated: bool, deaths: list[int], capacity: int, apart: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "CAPACITY", capacity)
        patch.setattr(roll_call, "PATIENCE", 4_000)
        log = published(logs, random.Random(seed), belated=belated)
        steady = taken(Merge(Standing()), log, 0, apart)
        shaken: list[tuple[int, int, int]] = []
        standing, oldest = b"", 0
        for death in [*deaths, len(log)]:
            known = msgspec.json.decode(standing, type=Standing) if standing else Standing()
            merging = Merge(known, oldest)
            shaken += taken(merging, log[:death], oldest, apart)
            standing, oldest = msgspec.json.encode(merging.standing), merging.oldest
        assert shaken == steady


def test_a_source_that_nobody_heard_of_is_waited_for() -> None:
    log = [parcel({0: ALL}, entry(0, 0, 10), ends=[1, 1]), parcel({1: Progress(1)}, ends=[])]
    assert places(taken(Merge(Standing()), log[:1])) == []
    assert places(taken(Merge(Standing()), log)) == [(0, 0)]


def test_a_source_without_records_is_not_waited_for() -> None:
    assert places(taken(Merge(Standing()), [parcel({0: ALL}, entry(0, 0, 10), ends=[1, 0])])) == [(0, 0)]


def test_one_that_stood_still_is_waited_for_until_it_has_read_what_came_meanwhile() -> None:
    before = parcel({1: Progress(5, 3)}, ends=[0, 5])
    ahead = parcel({0: Progress(1, 100)}, entry(0, 0, 100), ends=[1, 8])
    woken = [parcel({1: Progress(n, 50 + n)}, entry(1, n, 50 + n), ends=[1, 8]) for n in (5, 6, 7)]
    wakes = parcel({1: Progress(8, 57)}, ends=[])
    assert places(taken(Merge(Standing()), [before, ahead, *woken])) == [(1, 5), (1, 6), (1, 7)]
    assert places(taken(Merge(Standing()), [before, ahead, *woken, wakes])) == [
        (1, 5),
        (1, 6),
        (1, 7),
        (0, 0),
    ]


def test_what_others_sent_by_the_time_is_enough_however_far_behind_their_time_is() -> None:
    # Source 1 has more whenever it is heard of, all of it hours old, as while it is sent from an archive.
    log = [
        parcel({0: Progress(n + 1, 100 + n), 1: Progress(n, n)}, entry(0, n, 100 + n), ends=[n + 1, n + 1])
        for n in range(5)
    ]
    assert places(taken(Merge(Standing()), log)) == [(0, 0), (0, 1), (0, 2), (0, 3)]


def test_what_came_after_it_was_read_is_not_waited_for() -> None:
    # What source 1 sends waits for source 2, which had nothing when the entry of source 0 was read.
    live = parcel({0: Progress(1, 100), 1: Progress(5, 3)}, entry(0, 0, 100), ends=[1, 6, 0])
    archive = [parcel({1: Progress(n, n)}, entry(1, n - 1, n), ends=[9, n, 9]) for n in (6, 7)]
    assert places(taken(Merge(Standing()), [live, archive[0]])) == []
    assert places(taken(Merge(Standing()), [live, *archive])) == []
    rest = parcel({2: Progress(9, 50)}, ends=[])
    assert places(taken(Merge(Standing()), [live, *archive, rest])) == [(1, 5), (1, 6), (0, 0)]
    late = parcel({1: Progress(6, 6)}, entry(1, 6, 6), ends=[9, 7, 9])
    assert places(taken(Merge(Standing()), [live, parcel({1: Progress(6, 5)}, ends=[]), late])) == [(0, 0)]


def test_what_is_belated_waits_for_what_came_along_with_it() -> None:
    rush = parcel({0: Progress(1, 100), 1: Progress(0, -1)}, entry(0, 0, 100, HOURS), ends=[1, 0])
    others = parcel({1: Progress(1, 50)}, entry(1, 0, 50, HOURS), ends=[1, 1])
    settled = parcel({0: Progress(1, 100), 1: Progress(1, 50)}, ends=[1, 1], settled={0: 1})
    assert places(taken(Merge(Standing()), [rush])) == []
    assert places(taken(Merge(Standing()), [rush, others])) == [(1, 0)]
    assert places(taken(Merge(Standing()), [rush, others, settled])) == [(1, 0), (0, 0)]


def test_what_is_belated_of_a_source_that_fell_silent_is_not_held_for_ever() -> None:
    rush = parcel({0: Progress(1, 100), 1: ALL}, entry(0, 0, 100, HOURS), ends=[1, 0])
    idle = parcel({0: Progress(1, 100)}, entry(0, 0, 100, HOURS), ends=[1, 9])
    alone = [parcel({2: ALL}, ends=[])] * 32
    assert places(taken(Merge(Standing()), [rush, idle, *alone], apart=1_000)) == [(0, 0)]


def test_one_that_begins_again_further_back_has_sent_what_it_had_sent() -> None:
    log = [parcel({1: Progress(8, 5)}, ends=[]), parcel({1: Progress(2, 1)}, ends=[])]
    last = parcel({0: ALL}, entry(0, 0, 10), ends=[1, 8])
    assert places(taken(Merge(Standing()), [*log, last])) == [(0, 0)]


def test_a_source_that_falls_silent_is_waited_for_half_a_minute() -> None:
    first = parcel({0: ALL, 1: Progress(1, 5)}, entry(0, 0, 10), ends=[1, 9])
    log = [first, *[parcel({0: ALL}, ends=[])] * 31]
    merging = Merge(Standing())
    assert places(taken(merging, log[:31], apart=1_000)) == []
    assert places(taken(merging, log, 31, apart=1_000)) == [(0, 0)]
    assert merging.silent == {1}
    late = [*log, parcel({1: Progress(2, 20, 20)}, entry(1, 1, 7), ends=[1, 9])]
    assert places(taken(merging, late, len(log), apart=1_000)) == [(1, 1)]
    assert merging.silent == set()
    assert merging.floor(set()) == 20


def test_while_nobody_speaks_nobody_is_given_up() -> None:
    hours = 3_600_000
    log = [
        parcel({0: ALL, 1: Progress(0, 5)}, entry(0, 0, 10), ends=[1, 1]),
        parcel({0: ALL}, ends=[]),
        parcel({1: ALL}, ends=[]),
    ]
    merging = Merge(Standing())
    assert places(taken(merging, log[:2], apart=hours)) == []
    assert places(taken(merging, log, 2, apart=hours)) == [(0, 0)]


def test_a_source_that_is_new_is_waited_for_from_then_on() -> None:
    log = [*[parcel({0: ALL}, ends=[9])] * 60, parcel({0: ALL}, entry(0, 0, 10), ends=[9, 9])]
    assert places(taken(Merge(Standing()), log, apart=1_000)) == []


def test_no_more_is_held_back_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "CAPACITY", 3)
    merging = Merge(Standing())
    taken(merging, [parcel({0: ALL}, *(entry(0, n, n) for n in range(9)), ends=[9, 9])])
    assert merging.held == 3


def test_signals_of_a_topic_made_anew_begin_anew() -> None:
    log = [
        parcel({0: ALL, 1: Progress(7, 5)}, entry(0, 900, 10), ends=[901, 8], topic="old"),
        parcel({0: Progress(1, 15)}, entry(0, 0, 15), ends=[1, 2], topic="new"),
        parcel({1: Progress(2, 20)}, entry(0, 0, 15), ends=[1, 2], topic="new"),
    ]
    assert places(taken(Merge(Standing()), log[:2])) == [(0, 900)]
    assert places(taken(Merge(Standing()), log)) == [(0, 900), (0, 0)]


def test_the_floor_is_that_of_the_others_that_have_more() -> None:
    merging = Merge(Standing())
    assert merging.floor(set()) == 2**63
    log = [
        parcel({0: Progress(5, 0, 7)}, ends=[9, 9, 9, 9]),
        parcel({1: Progress(5, 0, 9), 2: Progress(5, 0, 8), 3: Progress(9, 0, 1)}, ends=[]),
    ]
    taken(merging, log[:1])
    assert merging.floor({0}) == -1
    taken(merging, log, 1)
    assert (merging.floor({0}), merging.floor({0, 2}), merging.floor({0, 1, 2})) == (8, 9, 2**63)
