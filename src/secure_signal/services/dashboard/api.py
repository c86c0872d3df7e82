"""GET /v1/...: what is stored, in pages and in counts."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.responses import Response

from secure_signal.adapters import stored_anomalies, stored_signals
from secure_signal.adapters.read_pool import ReadPool
from secure_signal.adapters.stored_signals import Key, StoredSignal
from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.services.dashboard import cursor, openapi, stats
from secure_signal.services.dashboard.queries import AnomalyQuery, SignalQuery, StatsQuery

# Signals shown with an anomaly: the last of its evidence.
_MAX_EVIDENCE = 100

router = APIRouter(prefix="/v1")


class Signals(msgspec.Struct):
    """A page of signals; ``next`` is where to get the following one, null at the end."""

    items: list[StoredSignal]
    next: str | None


class Anomalies(msgspec.Struct):
    """A page of anomalies; ``next`` is where to get the following one, null at the end."""

    items: list[Anomaly]
    next: str | None


class Explained(msgspec.Struct):
    """An anomaly and the signals that made it, the oldest first.

    ``not_shown`` are the ids of its evidence that are not stored, not yet or no more, and those beyond
    what one answer holds.
    """

    anomaly: Anomaly
    signals: list[StoredSignal]
    not_shown: list[str]


@router.get("/signals", responses=openapi.answers(Signals))
async def signals(request: Request, query: Annotated[SignalQuery, Query()]) -> Response:
    """Stored signals by their timestamp, the newest first.

    Follow `next` until it is null: each signal that was stored before the first page comes once,
    whatever is stored meanwhile. A page is shorter than `limit` when its payloads are large.
    """
    items, following = await stored_signals.page(
        _archive(request), query.conditions(), query.before(), query.limit
    )
    return _json(Signals(items, _next(request.url, following)))


@router.get("/anomalies", responses=openapi.answers(Anomalies))
async def anomalies(request: Request, query: Annotated[AnomalyQuery, Query()]) -> Response:
    """Anomalies by the time of their detection, the last first; pages as of the signals."""
    items, following = await stored_anomalies.page(
        _archive(request), query.conditions(), query.before(), query.limit
    )
    return _json(Anomalies(items, _next(request.url, following)))


@router.get("/anomalies/{anomaly_id}", responses=openapi.answers(Explained, 404))
async def anomaly(request: Request, anomaly_id: UUID) -> Response:
    """One anomaly, with the signals that are its evidence."""
    found = await stored_anomalies.get(_archive(request), str(anomaly_id))
    if found is None:
        raise HTTPException(404, f"There is no anomaly {anomaly_id}.")
    event_time = instant.to_datetime(instant.parse(found.event_time))
    evidence = found.evidence[-_MAX_EVIDENCE:]
    shown = await stored_signals.evidence(_archive(request), evidence, event_time)
    ids = {signal.id for signal in shown}
    return _json(Explained(found, shown, [id_ for id_ in found.evidence if id_ not in ids]))


@router.get("/stats", responses=openapi.answers(stats.Stats))
async def statistics(request: Request, query: Annotated[StatsQuery, Query()]) -> Response:
    """Signals by type and anomalies by severity, in time buckets."""
    length = stats.LENGTHS[query.bucket]
    since, until = stats.span(query.since, query.until, length, datetime.now(UTC))
    pool = _archive(request)
    counted = await stored_signals.counts(pool, length, since, until, stats.TYPES)
    found = await stored_anomalies.counts(pool, length, since, until)
    return _json(stats.fill(since, until, length, counted, found))


def _archive(request: Request) -> ReadPool:
    pool: ReadPool = request.app.state.archive
    return pool


def _next(url: URL, key: Key | None) -> str | None:
    """The same question from a key on; without a host, for a proxy can have another name."""
    if key is None:
        return None
    following = url.include_query_params(cursor=cursor.encode(key))
    return f"{following.path}?{following.query}"


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
