"""Time buckets: which there are, and that no count is lost between them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.errors import RefusedError
from secure_signal.services.dashboard import stats

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_without_bounds_it_is_the_last_60_buckets() -> None:
    since, until = stats.span(None, None, MINUTE, NOON + timedelta(seconds=30))
    assert (since, until) == (NOON - 59 * MINUTE, NOON + timedelta(seconds=30))
    assert len(stats.fill(since, until, MINUTE, [], []).buckets) == 60


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        (NOON, NOON, "since"),
        (NOON + MINUTE, NOON, "since"),
        (NOON, NOON + 1000 * MINUTE + timedelta(microseconds=1), "bucket"),
        (NOON - timedelta(microseconds=1), NOON + 999 * MINUTE + timedelta(seconds=1), "bucket"),
    ],
)
def test_an_empty_range_and_too_many_buckets_are_refused(
    since: datetime, until: datetime, field: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        stats.span(since, until, MINUTE, NOON)
    assert caught.value.field == field


@given(
    st.sampled_from(list(stats.LENGTHS.values())),
    st.integers(0, 10**15),
    st.integers(1, 999 * 10**6),
    st.data(),
)
def test_each_moment_of_the_range_has_its_bucket(
    length: timedelta, start: int, microseconds: int, data: st.DataObject
) -> None:
    since = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start)
    until = since + timedelta(microseconds=microseconds)
    moment = since + timedelta(microseconds=data.draw(st.integers(0, microseconds - 1)))
    since, until = stats.span(since, until, length, NOON)
    filled = stats.fill(since, until, length, [(stats.floor(moment, length), "t", 1)], [])
    assert len(filled.buckets) <= stats.MAX_BUCKETS
    (held,) = [bucket.start for bucket in filled.buckets if bucket.signals]
    assert held <= moment < held + length
    assert filled.buckets[-1].start < until


def test_rare_types_count_as_others() -> None:
    counted = [(NOON, "login", 3), (NOON, None, 2)]
    (bucket,) = stats.fill(NOON, NOON + MINUTE, MINUTE, counted, [(NOON, "high", 1)]).buckets
    assert bucket == stats.Bucket(NOON, {"login": 3}, 2, {"high": 1})
