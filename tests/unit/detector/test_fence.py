from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.fence import Fence, Source

PLACES = [Source("t", 0, offset, index) for offset in range(6) for index in range(2)]


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=6))
def test_whatever_is_published_again_after_a_crash_each_match_passes_once(
    crashes: list[tuple[int, int]],
) -> None:
    # A detector publishes in order, dies anywhere and begins again at or before where it died.
    published, reached = [], 0
    for death, back in crashes:
        published += PLACES[reached : max(reached, death)]
        reached = max(0, max(reached, death) - back)
    published += PLACES[reached:]
    fence = Fence()
    assert [source for source in published if fence.passes(source)] == PLACES


def test_partitions_do_not_fence_each_other() -> None:
    fence = Fence()
    assert fence.passes(Source("t", 0, 9, 0))
    assert fence.passes(Source("t", 1, 3, 0))


def test_a_topic_made_anew_begins_anew() -> None:
    fence = Fence({0: Source("old", 0, 900, 0)})
    assert fence.passes(Source("new", 0, 0, 0))
    assert not fence.passes(Source("new", 0, 0, 0))
