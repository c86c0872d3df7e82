from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.recent import Recent

LOG = st.lists(st.integers(0, 12), max_size=60)


@given(LOG, st.integers(0, 59), st.integers(1, 8))
def test_a_restart_at_any_offset_knows_what_an_uninterrupted_reader_knows(
    log: list[int], start: int, generation: int
) -> None:
    steady, restarted = Recent(generation), Recent(generation)
    for offset, number in enumerate(log):
        known = steady.seen(str(number), 0, offset)
        if offset >= restarted.since(start):
            again = restarted.seen(str(number), 0, offset)
            assert offset < start or again == known


@given(LOG, st.integers(1, 8))
def test_a_repetition_is_known_within_one_generation_and_forgotten_after_two(
    log: list[int], generation: int
) -> None:
    recent = Recent(generation)
    last: dict[int, int] = {}
    for offset, number in enumerate(log):
        distance = offset - last.get(number, -1000)
        known = recent.seen(str(number), 0, offset)
        assert known or distance > generation
        assert not known or distance < 2 * generation
        last[number] = offset


def test_the_same_id_at_another_time_is_another_signal() -> None:
    recent = Recent()
    assert not recent.seen("a", 1, 0)
    assert not recent.seen("a", 2, 1)
    assert recent.seen("a", 1, 2)
