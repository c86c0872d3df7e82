"""Anomalies as PostgreSQL keeps them, read back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import TupleRow

from secure_signal.adapters.read_pool import ReadPool
from secure_signal.adapters.row_page import page_of
from secure_signal.adapters.stored_signals import Key
from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly, encode


async def page(
    pool: ReadPool, conditions: Mapping[str, Any], before: Key | None, limit: int
) -> tuple[list[Anomaly], Key | None]:
    """Up to ``limit`` anomalies, the last detected first, and where the next page begins (None: no more).

    ``conditions``: user_id, anomaly_type, rule_id, since (inclusive) and until (exclusive), of the time
    of detection, each None where it does not count; severities, those that are wanted. A page is shorter
    than ``limit`` when its anomalies are large.
    """
    moment, identity = before or (None, None)
    keys = {"before": moment, "before_id": identity, "limit": limit + 1}
    async with pool.stream("anomalies_page", {**conditions, **keys}) as rows:
        anomalies, more = await page_of(rows, _sized_anomaly, limit)
    if not more:
        return anomalies, None
    last = anomalies[-1]
    return anomalies, (instant.to_datetime(instant.parse(last.detection_timestamp)), last.id)


async def get(pool: ReadPool, anomaly_id: str) -> Anomaly | None:
    """The anomaly of an id."""
    rows = await pool.fetch("anomaly", {"id": anomaly_id})
    return from_row(rows[0]) if rows else None


async def stored_after(
    pool: ReadPool, after: Key, known: Collection[str], limit: int
) -> list[tuple[datetime, Anomaly]]:
    """Up to ``limit`` anomalies, each with the time it was stored, in that order; ``known`` are left out.

    There are fewer when they are large; only where there are no more there is none.
    """
    params = {"after": after[0], "after_id": after[1], "known": list(known), "limit": limit}
    async with pool.stream("anomalies_stored", params) as rows:
        stored, _ = await page_of(rows, _sized_stored, limit)
    return stored


async def counts(
    pool: ReadPool, bucket: timedelta, since: datetime, until: datetime
) -> list[tuple[datetime, str, int]]:
    """(start of a bucket, severity, anomalies) by time of detection."""
    params = {"bucket": bucket, "since": since, "until": until}
    return [(start, severity, n) for start, severity, n in await pool.fetch("anomalies_counts", params)]


async def lately(pool: ReadPool) -> dict[str, int]:
    """Anomalies of the last 24 hours by severity."""
    return dict(await pool.fetch("anomalies_lately", {}))


def _sized_anomaly(row: TupleRow) -> tuple[Anomaly, int]:
    found = from_row(row)
    return found, len(encode(found))


def _sized_stored(row: TupleRow) -> tuple[tuple[datetime, Anomaly], int]:
    found, size = _sized_anomaly(row[1:])
    return (row[0], found), size


def from_row(row: Sequence[Any]) -> Anomaly:
    """A row in the order of the statements' columns."""
    id_, rule_id, title, type_, severity, user_id, group, event, detection, evidence, summary, ruleset = row
    return Anomaly(
        id=id_,
        rule_id=rule_id,
        rule_title=title,
        anomaly_type=type_,
        severity=severity,
        user_id=user_id,
        group=group,
        event_time=instant.render(instant.from_datetime(event)),
        detection_timestamp=instant.render(instant.from_datetime(detection)),
        evidence=evidence,
        summary=summary,
        ruleset=ruleset,
    )
