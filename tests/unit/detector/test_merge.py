import random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from secure_signal.core import merge, roll_call
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.merge import Entry, Merge, Parcel, Standing

MATCH = Match("rule", (0,), ("group",), 0, "id", "user")
FAR = 1_000_000


def entry(source: int, offset: int, arrival: int) -> Entry:
    return Entry(source, offset, 0, arrival, MATCH)


def parcel(progress: dict[int, int], *entries: Entry, sources: int = 2, topic: str = "t") -> Parcel:
    return Parcel(topic, sources, progress, list(entries))


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


ARRIVALS = st.lists(
    st.lists(st.integers(0, 40).map(lambda t: t * 10), max_size=20).map(sorted), min_size=1, max_size=4
)


def published(arrivals: list[list[int]], draw: random.Random) -> list[Parcel]:
    """A log in which sources are ahead of each other at random, and die and publish some of it again."""
    reached = [0] * len(arrivals)
    log = []
    while any(at < len(times) for at, times in zip(reached, arrivals, strict=True)):
        source = draw.randrange(len(arrivals))
        times = arrivals[source]
        begin = max(0, reached[source] - draw.choice([0, 0, 0, 5]))
        end = min(len(times), begin + draw.randrange(8))
        reached[source] = max(reached[source], end)
        progress = times[end] if end < len(times) else FAR
        entries = [entry(source, offset, times[offset]) for offset in range(begin, end)]
        log.append(parcel({source: progress}, *entries, sources=len(arrivals)))
    return [*log, *(parcel({source: FAR}, sources=len(arrivals)) for source in range(len(arrivals)))]


@given(ARRIVALS, st.integers(0, 99))
def test_whichever_source_is_ahead_entries_come_once_and_in_the_order_of_their_arrival(
    arrivals: list[list[int]], seed: int
) -> None:
    log = published(arrivals, random.Random(seed))
    order = sorted(
        (time, source, offset) for source, times in enumerate(arrivals) for offset, time in enumerate(times)
    )
    passed = taken(Merge(Standing()), log)
    assert places(passed) == [(source, offset) for _, source, offset in order]
    assert [number for number, *_ in passed] == list(range(1, len(passed) + 1))


@settings(max_examples=200)
@given(
    ARRIVALS,
    st.integers(0, 99),
    st.lists(st.integers(0, 60), max_size=4),
    st.integers(1, 9),
    st.sampled_from([1, 1_500, 9_000]),
)
def test_restored_at_any_moment_it_gives_the_rest_in_the_same_order_with_the_same_numbers(
    arrivals: list[list[int]], seed: int, deaths: list[int], capacity: int, apart: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "CAPACITY", capacity)
        patch.setattr(roll_call, "PATIENCE", 4_000)
        log = published(arrivals, random.Random(seed))
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
    log = [parcel({0: FAR}, entry(0, 0, 10)), parcel({1: 11})]
    assert places(taken(Merge(Standing()), log[:1])) == []
    assert places(taken(Merge(Standing()), log)) == [(0, 0)]


def test_a_source_that_falls_silent_is_waited_for_half_a_minute() -> None:
    log = [parcel({0: FAR, 1: 5}, entry(0, 0, 10)), *[parcel({0: FAR})] * 31]
    merging = Merge(Standing())
    assert places(taken(merging, log[:31], apart=1_000)) == []
    assert places(taken(merging, log, 31, apart=1_000)) == [(0, 0)]
    assert merging.silent == {1}
    late = [*log, parcel({1: 20}, entry(1, 0, 7))]
    assert places(taken(merging, late, len(log), apart=1_000)) == [(1, 0)]
    assert merging.silent == set()
    assert merging.floor(set()) == 20


def test_while_nobody_speaks_nobody_is_given_up() -> None:
    hours = 3_600_000
    log = [parcel({0: 1, 1: 5}, entry(0, 0, 10)), parcel({0: FAR}), parcel({1: FAR})]
    merging = Merge(Standing())
    assert places(taken(merging, log[:2], apart=hours)) == []
    assert places(taken(merging, log, 2, apart=hours)) == [(0, 0)]


def test_a_source_that_is_new_is_waited_for_from_then_on() -> None:
    log = [*[parcel({0: FAR}, sources=1)] * 60, parcel({0: FAR}, entry(0, 0, 10), sources=2)]
    assert places(taken(Merge(Standing()), log, apart=1_000)) == []


def test_no_more_is_held_back_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "CAPACITY", 3)
    merging = Merge(Standing())
    taken(merging, [parcel({0: FAR}, *(entry(0, n, n) for n in range(9)))])
    assert merging.held == 3


def test_signals_of_a_topic_made_anew_begin_anew() -> None:
    log = [
        parcel({0: FAR, 1: 5}, entry(0, 900, 10), topic="old"),
        parcel({0: 20, 1: 20}, entry(0, 0, 15), topic="new"),
        parcel({0: 20}, entry(0, 0, 15), topic="new"),
    ]
    assert places(taken(Merge(Standing()), log)) == [(0, 900), (0, 0)]


def test_the_floor_is_that_of_the_others() -> None:
    merging = Merge(Standing())
    assert merging.floor(set()) == 2**63
    taken(merging, [parcel({0: 7}, sources=3)])
    assert merging.floor({0}) == -1
    taken(merging, [parcel({0: 7}, sources=3), parcel({1: 9, 2: 8}, sources=3)], 1)
    assert (merging.floor({0}), merging.floor({0, 2}), merging.floor({0, 1, 2})) == (8, 9, 2**63)
