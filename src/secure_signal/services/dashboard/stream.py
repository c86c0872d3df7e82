"""GET /v1/stream: the feed as Server-Sent Events (HTML Living Standard, 9.2)."""

import time
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Header, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from prometheus_client import Gauge
from starlette.exceptions import HTTPException

from secure_signal.adapters import stored_anomalies
from secure_signal.adapters.read_pool import ReadPool
from secure_signal.adapters.stored_signals import Key
from secure_signal.core.errors import RetryError
from secure_signal.services.dashboard import cursor, openapi, watch
from secure_signal.services.dashboard.feed import Event, Feed

MAX_CLIENTS = 200
# A stream ends after so long, and the next one is authorised anew.
_STREAM_SECONDS = 15 * 60
_RETRY_MILLISECONDS = 1000
_ROWS = 200

_CLIENTS = Gauge("dashboard_stream_clients", "Open streams of /v1/stream")

router = APIRouter(prefix="/v1")


async def seat(request: Request) -> AsyncIterator[None]:
    """One of the places for readers, until the stream ends."""
    seats = request.app.state.seats
    if seats.locked():
        raise HTTPException(503, f"{MAX_CLIENTS} streams are open already.", {"Retry-After": "10"})
    async with seats:
        _CLIENTS.inc()
        try:
            yield
        finally:
            _CLIENTS.dec()


def resumption(last_event_id: Annotated[str | None, Header()] = None) -> Key | None:
    """Where the reader was, by what EventSource sends when it comes again."""
    return cursor.decode(last_event_id) if last_event_id else None


@router.get(
    "/stream",
    response_class=EventSourceResponse,
    responses=openapi.failures(),
    dependencies=[Depends(seat)],
)
async def stream(
    request: Request, last: Annotated[Key | None, Depends(resumption)]
) -> AsyncIterator[ServerSentEvent]:
    """What happens now, as Server-Sent Events.

    - `history`: the pulses of the last minutes, an array, once at the start
    - `pulse`: how the pipeline does, every second: rates, lag, counts
    - `anomaly`: an anomaly, within a second of its storing

    A reader that comes again with the header `Last-Event-ID`, as EventSource does, gets the anomalies
    stored meanwhile. An anomaly can come twice then; its `id` tells.
    """
    feed: Feed = request.app.state.feed
    end = time.monotonic() + _STREAM_SECONDS
    yield ServerSentEvent(
        event="history", raw_data=msgspec.json.encode(list(feed.pulses)).decode(), retry=_RETRY_MILLISECONDS
    )
    try:
        async for event in _events(feed, request.app.state.archive, last):
            yield ServerSentEvent(
                event=event.name, raw_data=event.data, id=cursor.encode(event.key) if event.key else None
            )
            # There is an event every second; a reader who takes none is given up by the server.
            if time.monotonic() > end:
                return
    except RetryError:
        return  # The reader comes again, and goes on where this ended.


async def _events(feed: Feed, archive: ReadPool, last: Key | None) -> AsyncIterator[Event]:
    """What is told from now on, after what the reader missed since it had ``last``."""
    told, missed, last = feed.told, last is not None, last or feed.newest
    while not feed.closed:
        if missed and last:
            async for event in _stored_since(archive, last):
                yield event
                last = event.key
        await feed.news(told)
        events = feed.after(told)
        missed, told = events is None, feed.told
        for event in events or ():
            yield event
            last = event.key or last


async def _stored_since(archive: ReadPool, last: Key) -> AsyncIterator[Event]:
    """All that was stored at ``last`` or later, read by pages as the reader takes them."""
    after = watch.since(last)
    while stored := await stored_anomalies.stored_after(archive, after, (), _ROWS):
        for at, anomaly in stored:
            yield watch.event(at, anomaly)
        after = (stored[-1][0], stored[-1][1].id)
