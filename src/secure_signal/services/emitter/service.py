"""signal-emitter: HTTP in, Kafka out, and the generator."""

import asyncio
import time
from contextlib import suppress
from functools import partial

from secure_signal.adapters import http_server, outage, postgres, topics
from secure_signal.adapters.api_keys import Keyring
from secure_signal.adapters.http_calls import CountCalls
from secure_signal.adapters.settings import Settings
from secure_signal.core.errors import RetryError
from secure_signal.core.signal import Signal, encode
from secure_signal.services.emitter import application, generator, metrics
from secure_signal.services.emitter.body import Backlog
from secure_signal.services.emitter.delivery import Deliveries, Record
from secure_signal.services.emitter.intake import Intake
from secure_signal.services.emitter.label_outbox import LabelOutbox

_PORT = 8000
_BACKLOG_BYTES = 32 * 1024 * 1024


def run(settings: Settings) -> None:
    """Take signals until SIGTERM or SIGINT; StopError when the process cannot go on."""
    http_server.run(_run(settings))


async def _run(settings: Settings) -> None:
    deliveries = Deliveries(settings.kafka_bootstrap_servers, topics.SIGNALS)
    backlog = Backlog(_BACKLOG_BYTES)
    labels = LabelOutbox(settings.database_url)
    keyring = Keyring(settings.database_url, time.monotonic) if settings.api_keys == "required" else None
    app = application.create(Intake(deliveries, backlog, _now), keyring, lambda: deliveries.trouble)
    metrics.IN_FLIGHT.set_function(lambda: deliveries.in_flight)
    metrics.BACKLOG.set_function(lambda: backlog.held)
    port = _PORT if settings.http_port is None else settings.http_port
    async with asyncio.TaskGroup() as group:
        beside = [
            group.create_task(_reach_kafka(settings, deliveries)),
            group.create_task(_use_database(settings, labels)),
            group.create_task(generator.run(settings, partial(_accept, deliveries), labels.put, _now)),
        ]
        await http_server.serve(CountCalls(app), settings.http_host, port)
        for task in beside:
            task.cancel()
    deliveries.close()
    with suppress(RetryError):
        await labels.flush()
    if keyring:
        await keyring.close()


async def _accept(deliveries: Deliveries, batch: list[Signal]) -> None:
    """Take the generator's signals to Kafka; RetryError unless the broker has all of them."""
    records = [Record(signal.user_id.encode(), encode(signal)) for signal in batch]
    if None in await deliveries.deliver(records, "generator"):
        raise RetryError("Kafka did not acknowledge every signal in time.")


async def _use_database(settings: Settings, labels: LabelOutbox) -> None:
    """The tables for API keys and labels, where there is use for one of them; then labels."""
    if settings.api_keys == "required" or settings.signals_per_second:
        await outage.outlast(partial(_migrate, settings))
        await labels.run()


async def _reach_kafka(settings: Settings, deliveries: Deliveries) -> None:
    await outage.outlast(partial(_ensure_topics, settings))
    await deliveries.watch()


def _ensure_topics(settings: Settings) -> None:
    # Short: a stop has to wait for the answer.
    topics.ensure(
        settings.kafka_bootstrap_servers, settings.partitions, settings.replication_factor, seconds=3
    )


def _migrate(settings: Settings) -> None:
    with postgres.connect(settings.database_url, "signal-emitter") as connection:
        postgres.migrate(connection)


def _now() -> int:
    """Microseconds since the epoch."""
    return time.time_ns() // 1000
