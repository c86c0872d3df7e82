"""Finds out what happens, for the feed: each anomaly as it is stored, and a pulse every second.

PostgreSQL is asked for anomalies, not the topic: what is told can then be looked up with its evidence,
what the detector repeats after a restart is told once, and a reader can go on from any point of the
past. A few small questions a second, however many readers there are.
"""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from secure_signal.adapters import stored_anomalies, topics
from secure_signal.adapters.read_pool import ReadPool
from secure_signal.adapters.stored_signals import Key
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.errors import RetryError
from secure_signal.services.dashboard.feed import Event, Feed
from secure_signal.services.dashboard.pulse import Reading, compare

# ``stored_at`` is when a transaction began; it appears when it commits, later by less than this.
_OVERLAP = timedelta(seconds=10)

_POLL_SECONDS = 0.25
_PULSE_SECONDS = 1.0
_COUNT_SECONDS = 2.0
_ROWS = 200

_log = structlog.get_logger()


def since(key: Key) -> Key:
    """From where to read so that nothing stored at ``key`` or later is missed."""
    return key[0] - _OVERLAP, str(UUID(int=0))


def event(stored_at: datetime, anomaly: Anomaly) -> Event:
    """An anomaly that was stored."""
    return Event("anomaly", msgspec.json.encode(anomaly).decode(), (stored_at, anomaly.id))


async def anomalies(feed: Feed, pool: ReadPool) -> None:
    """Tell each anomaly that is stored from now on, for ever."""
    known: dict[str, datetime] = {}
    while True:
        try:
            feed.newest = feed.newest or (await pool.now(), "")
            await _tell_anomalies(feed, pool, known)
            _note(feed, "")
        except RetryError as error:
            _note(feed, str(error))
        await asyncio.sleep(_POLL_SECONDS)


def _note(feed: Feed, trouble: str) -> None:
    """Keep why nothing can be told now, and log where that begins and ends."""
    if trouble and not feed.trouble:
        _log.warning("cannot watch", reason=trouble)
    elif feed.trouble and not trouble:
        _log.info("watching")
    feed.trouble = trouble


async def _tell_anomalies(feed: Feed, pool: ReadPool, known: dict[str, datetime]) -> None:
    assert feed.newest is not None  # noqa: S101 (set by the caller)
    begin = since(feed.newest)
    for forgotten in [id_ for id_, at in known.items() if at < begin[0]]:
        del known[forgotten]
    stored = await stored_anomalies.stored_after(pool, begin, known, _ROWS)
    known.update((anomaly.id, at) for at, anomaly in stored)
    if stored:
        feed.newest = max(feed.newest, (stored[-1][0], stored[-1][1].id))
        await feed.tell([event(at, anomaly) for at, anomaly in stored])


async def counts(feed: Feed, pool: ReadPool) -> None:
    """Keep the counts of the last 24 hours fresh, for ever."""
    while True:
        with suppress(RetryError):  # The pulse tells of it.
            feed.counts = await stored_anomalies.lately(pool)
        await asyncio.sleep(_COUNT_SECONDS)


async def pulses(feed: Feed, pool: ReadPool, logs: TopicLogs) -> None:
    """Tell how the pipeline does, for ever."""
    reading = Reading()
    while True:
        before, reading = reading, await _read(pool, logs, reading.topic_id)
        pulse = compare(before, reading, datetime.now(UTC), feed.counts)
        feed.pulses.append(pulse)
        await feed.tell([Event("pulse", msgspec.json.encode(pulse).decode())])
        await asyncio.sleep(_PULSE_SECONDS)


async def _read(pool: ReadPool, logs: TopicLogs, topic_id: str) -> Reading:
    """A reading; an outage is told in it. While Kafka is out, the topic is the one it was."""
    seconds, trouble = time.monotonic(), []
    found: dict[int, int] | None = None
    stored: dict[int, int] | None = None
    try:
        topic_id, found = await asyncio.to_thread(logs.ends, topics.SIGNALS)
    except RetryError as error:
        trouble.append(str(error))
    try:
        params = {"topic": topics.SIGNALS, "topic_id": topic_id}
        stored = dict(await pool.fetch("offsets_stored", params))
    except RetryError as error:
        trouble.append(str(error))
    return Reading(seconds, topic_id, found, stored, " ".join(trouble))
