from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.recent import Recent

LOG = st.lists(st.integers(0, 12), max_size=60)
SIZES = st.lists(st.integers(1, 9), min_size=1)


def repeated(recent: Recent, log: list[int], start: int, sizes: list[int]) -> list[int]:
    """The offsets that it knows, of a log read in blocks from an offset on."""
    known, place = [], start
    for size in sizes * (len(log) + 1):
        offsets = range(place, min(place + size, len(log)))
        known += [offsets[i] for i in recent.seen([log[o] for o in offsets], offsets)]
        place = offsets.stop
    return known


@given(LOG, st.integers(0, 59), st.integers(1, 8), SIZES, SIZES)
def test_a_restart_at_any_offset_knows_what_an_uninterrupted_reader_knows(
    log: list[int], start: int, generation: int, sizes: list[int], others: list[int]
) -> None:
    steady = repeated(Recent(generation), log, 0, sizes)
    recent = Recent(generation)
    restarted = repeated(recent, log, min(recent.since(start), len(log)), others)
    assert [o for o in restarted if o >= start] == [o for o in steady if o >= start]


@given(LOG, st.integers(1, 8), SIZES)
def test_a_repetition_is_known_within_one_generation_and_forgotten_after_two(
    log: list[int], generation: int, sizes: list[int]
) -> None:
    known = set(repeated(Recent(generation), log, 0, sizes))
    last: dict[int, int] = {}
    for offset, number in enumerate(log):
        distance = offset - last.get(number, -1000)
        assert offset in known or distance > generation
        assert offset not in known or distance < 2 * generation
        last[number] = offset
