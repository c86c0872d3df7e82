"""Anomalies as PostgreSQL keeps them, read back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg.rows import TupleRow

from secure_signal.adapters.read_pool import ReadPool
from secure_signal.adapters.stored_signals import Key
from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly


async def page(
    pool: ReadPool, conditions: Mapping[str, Any], before: Key | None, limit: int
) -> tuple[list[Anomaly], Key | None]:
    """Up to ``limit`` anomalies, the last detected first, and where the next page begins (None: no more).

    ``conditions``: user_id, anomaly_type, rule_id, since (inclusive) and until (exclusive), of the time
    of detection, each None where it does not count; severities, those that are wanted.
    """
    moment, identity = before or (None, None)
    keys = {"before": moment, "before_id": identity, "limit": limit + 1}
    rows = await pool.fetch("anomalies_page", {**conditions, **keys})
    anomalies = [_anomaly(row) for row in rows[:limit]]
    if len(rows) <= limit:
        return anomalies, None
    last = anomalies[-1]
    return anomalies, (instant.to_datetime(instant.parse(last.detection_timestamp)), last.id)


async def get(pool: ReadPool, anomaly_id: str) -> Anomaly | None:
    """The anomaly of an id."""
    rows = await pool.fetch("anomaly", {"id": anomaly_id})
    return _anomaly(rows[0]) if rows else None


async def stored_after(
    pool: ReadPool, after: Key, known: Collection[str], limit: int
) -> list[tuple[datetime, Anomaly]]:
    """Up to ``limit`` anomalies, each with the time it was stored, in that order; ``known`` are left out."""
    params = {"after": after[0], "after_id": after[1], "known": list(known), "limit": limit}
    rows: Sequence[TupleRow] = await pool.fetch("anomalies_stored", params)
    return [(row[0], _anomaly(row[1:])) for row in rows]


async def counts(
    pool: ReadPool, bucket: timedelta, since: datetime, until: datetime
) -> list[tuple[datetime, str, int]]:
    """(start of a bucket, severity, anomalies) by time of detection."""
    params = {"bucket": bucket, "since": since, "until": until}
    return [(start, severity, n) for start, severity, n in await pool.fetch("anomalies_counts", params)]


async def lately(pool: ReadPool) -> dict[str, int]:
    """Anomalies of the last 24 hours by severity."""
    return dict(await pool.fetch("anomalies_lately", {}))


def _anomaly(row: Sequence[Any]) -> Anomaly:
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
