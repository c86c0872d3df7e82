"""dashboard: what is stored, and what happens now, over HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from secure_signal.adapters import http_server, outage, postgres
from secure_signal.adapters.api_keys import Keyring
from secure_signal.adapters.http_calls import CountCalls
from secure_signal.adapters.read_pool import ReadPool
from secure_signal.adapters.rule_status import Statuses
from secure_signal.adapters.settings import Settings
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.services.dashboard import application, watch
from secure_signal.services.dashboard.feed import Feed
from secure_signal.services.dashboard.page import Headers
from secure_signal.services.dashboard.rules import Board

_PORT = 8080
_CONNECTIONS = 4
_KAFKA_SECONDS = 2.0


def run(settings: Settings) -> None:
    """Answer until SIGTERM or SIGINT; StopError when the process cannot go on."""
    http_server.run(_run(settings))


async def _run(settings: Settings) -> None:
    feed = Feed()
    logs = TopicLogs(settings.kafka_bootstrap_servers, _KAFKA_SECONDS)
    board = Board(Statuses(settings.kafka_bootstrap_servers))
    keyring = Keyring(settings.database_url, time.monotonic) if settings.api_keys == "required" else None
    async with (
        _pool(settings, "dashboard", _CONNECTIONS) as archive,
        _pool(settings, "dashboard-live", 2) as live,
        asyncio.TaskGroup() as group,
    ):
        app = application.create(archive, live, feed, board, keyring, lambda: feed.trouble)
        beside = [
            group.create_task(outage.outlast(lambda: _migrate(settings))),
            group.create_task(watch.anomalies(feed, live)),
            group.create_task(watch.counts(feed, live)),
            group.create_task(watch.pulses(feed, live, logs)),
        ]
        port = _PORT if settings.http_port is None else settings.http_port
        await http_server.serve(CountCalls(Headers(app)), settings.http_host, port, feed.close)
        for task in beside:
            task.cancel()
    if keyring:
        await keyring.close()


def _migrate(settings: Settings) -> None:
    with postgres.connect(settings.database_url, "dashboard") as connection:
        postgres.migrate(connection)


@asynccontextmanager
async def _pool(settings: Settings, name: str, size: int) -> AsyncIterator[ReadPool]:
    pool = ReadPool(settings.database_url, name, size)
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close()
