"""Counts in time buckets: which buckets a range has, and what lies in each."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from secure_signal.core.errors import RefusedError
from secure_signal.core.instant import EPOCH

MAX_BUCKETS = 1000
TYPES = 20
_DEFAULT_BUCKETS = 60

LENGTHS = {
    "1s": timedelta(seconds=1),
    "10s": timedelta(seconds=10),
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "1d": timedelta(days=1),
}


class Bucket(msgspec.Struct):
    """What happened from ``start`` on, for one bucket's length.

    ``signals`` by type, by their own timestamp, for the most frequent types of the range;
    ``other_signals`` are all the rest. ``anomalies`` by severity, by their time of detection.
    """

    start: datetime
    signals: dict[str, int] = {}
    other_signals: int = 0
    anomalies: dict[str, int] = {}


class Stats(msgspec.Struct):
    """The buckets of a range, empty ones too, the oldest first."""

    since: datetime
    until: datetime
    bucket_seconds: int
    buckets: list[Bucket]


def span(
    since: datetime | None, until: datetime | None, length: timedelta, now: datetime
) -> tuple[datetime, datetime]:
    """The range that is asked for; RefusedError where it is empty or has too many buckets."""
    end = until or now
    start = since or max(EPOCH, floor(end, length) - (_DEFAULT_BUCKETS - 1) * length)
    if start >= end:
        raise RefusedError("since", "must be before until")
    if (end - floor(start, length)) / length > MAX_BUCKETS:
        raise RefusedError(
            "bucket", f"makes more than {MAX_BUCKETS:,} buckets of this range: take a longer one"
        )
    return start, end


def fill(
    since: datetime,
    until: datetime,
    length: timedelta,
    signals: Iterable[tuple[datetime, str | None, int]],
    anomalies: Iterable[tuple[datetime, str, int]],
) -> Stats:
    """Lay counts into the buckets of a range."""
    first = floor(since, length)
    starts = (first + n * length for n in range(-((first - until) // length)))
    buckets = {start: Bucket(start) for start in starts}
    for start, type_, count in signals:
        if type_ is None:
            buckets[start].other_signals = count
        else:
            buckets[start].signals[type_] = count
    for start, severity, count in anomalies:
        buckets[start].anomalies[severity] = count
    return Stats(since, until, int(length.total_seconds()), list(buckets.values()))


def floor(moment: datetime, length: timedelta) -> datetime:
    """The start of the bucket that a moment lies in."""
    return moment - (moment - EPOCH) % length
