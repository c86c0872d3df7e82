from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.errors import RefusedError
from secure_signal.services.processor.bisection import bisect


class Table:
    """Takes a block as a whole, or none of it."""

    def __init__(self, bad: set[int]) -> None:
        self.bad = bad
        self.taken: list[int] = []
        self.attempts = 0

    def attempt(self, block: Sequence[int]) -> None:
        self.attempts += 1
        for item in block:
            if item in self.bad:
                raise RefusedError("row", str(item))
        self.taken += block


@given(st.integers(0, 200), st.data())
def test_every_good_item_is_taken_once_in_order_and_every_bad_one_named(
    size: int, data: st.DataObject
) -> None:
    bad = data.draw(st.sets(st.integers(0, max(0, size - 1))) if size else st.just(set[int]()))
    table = Table(bad)
    refused = bisect(range(size), table.attempt)
    assert [(index, refusal.reason) for index, refusal in refused] == [(i, str(i)) for i in sorted(bad)]
    assert table.taken == [i for i in range(size) if i not in bad]


@given(st.integers(1, 5000), st.data())
def test_one_bad_item_costs_few_attempts(size: int, data: st.DataObject) -> None:
    table = Table({data.draw(st.integers(0, size - 1))})
    bisect(range(size), table.attempt)
    assert table.attempts <= 2 * (size - 1).bit_length() + 1
