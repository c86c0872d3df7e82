"""Signals as PostgreSQL keeps them, read back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from psycopg.rows import TupleRow

from secure_signal.adapters.read_pool import ReadPool
from secure_signal.adapters.row_page import page_of

Key = tuple[datetime, str]
"""Where a row stands in a list: its time and its id."""


class StoredSignal(msgspec.Struct, frozen=True):
    """A signal with the time it was stored; the payload is what PostgreSQL keeps of the one sent."""

    id: str
    user_id: str
    type: str
    timestamp: datetime
    payload: Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]
    received_at: datetime


async def page(
    pool: ReadPool, conditions: Mapping[str, Any], before: Key | None, limit: int
) -> tuple[list[StoredSignal], Key | None]:
    """Up to ``limit`` signals, the newest first, and where the next page begins (None: no more).

    ``conditions``: user_id, type, contains (JSON text), since (inclusive), until (exclusive); None
    where a condition does not count. A page is shorter than ``limit`` when its payloads are large.
    """
    moment, identity = before or (None, None)
    keys = {"before": moment, "before_id": identity, "limit": limit + 1}
    async with pool.stream("signals_page", {**conditions, **keys}) as rows:
        signals, more = await page_of(rows, _sized, limit)
    return signals, (signals[-1].timestamp, signals[-1].id) if more else None


async def evidence(pool: ReadPool, ids: Sequence[str], event_time: datetime) -> list[StoredSignal]:
    """Those signals of the ids that are stored, the oldest first."""
    async with pool.stream("signals_evidence", {"ids": list(ids), "event_time": event_time}) as rows:
        signals, _ = await page_of(rows, _sized, len(ids))
    return signals


async def counts(
    pool: ReadPool, bucket: timedelta, since: datetime, until: datetime, types: int
) -> list[tuple[datetime, str | None, int]]:
    """(start of a bucket, type, signals) for the most frequent ``types``; None is all others."""
    params = {"bucket": bucket, "since": since, "until": until, "types": types}
    return [(start, type_, n) for start, type_, n in await pool.fetch("signals_counts", params)]


def from_row(row: TupleRow) -> StoredSignal:
    """A row in the order of the statements' columns."""
    id_, user_id, type_, timestamp, payload, received_at = row
    return StoredSignal(id_, user_id, type_, timestamp, msgspec.Raw(payload.encode()), received_at)


def _sized(row: TupleRow) -> tuple[StoredSignal, int]:
    read = from_row(row)
    return read, len(read.payload)
