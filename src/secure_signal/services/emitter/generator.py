"""The generator: made traffic at the pace of the clock."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import structlog

from secure_signal.adapters.settings import Settings
from secure_signal.core.errors import RetryError
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal
from secure_signal.core.traffic.emission import Emission
from secure_signal.core.traffic.label import Label
from secure_signal.core.traffic.stream import Traffic, stream
from secure_signal.core.traffic.timetable import Timetable

Accept = Callable[[list[Signal]], Awaitable[None]]
"""Takes a batch for good, or raises RetryError: then it is offered again."""

_TICK_SECONDS = 0.05
# What is later than this is not made up for: after a pause traffic goes on, and does not burst.
_LATE = SECOND
_MAX_BATCH = 1000
_LONGEST_WAIT_SECONDS = 5.0

_log = structlog.get_logger()


async def run(
    settings: Settings, accept: Accept, labels_sink: Callable[[Label], None], clock: Callable[[], int]
) -> None:
    """Make traffic for ever, or none at a rate of 0; ``clock`` tells microseconds since the epoch."""
    if not settings.signals_per_second:
        return
    traffic = Traffic(settings.seed, settings.signals_per_second, settings.burst_mode)
    live = Live(stream(traffic, clock()), labels_sink)
    while True:
        batch = live.due(clock())
        if batch:
            await _deliver(accept, batch)
        if len(batch) < _MAX_BATCH:
            await asyncio.sleep(_TICK_SECONDS)


class Live:
    """The stream as far as the clock has come."""

    def __init__(self, events: Iterator[Emission | Label], labels_sink: Callable[[Label], None]) -> None:
        self._events = events
        self._sink = labels_sink
        self._timetable = Timetable()
        self._next = self._emission()

    def due(self, now: int) -> list[Signal]:
        """The signals whose time has come, at most a batch of them; labels go to their sink."""
        late = now - self._timetable.due(self._next)
        if late > _LATE:
            for label in self._timetable.postpone(late):
                self._sink(label)
        batch: list[Signal] = []
        while self._timetable.due(self._next) <= now and len(batch) < _MAX_BATCH:
            batch.append(self._timetable.signal(self._next))
            self._next = self._emission()
        return batch

    def _emission(self) -> Emission:
        """The next one, with the labels before it told."""
        while isinstance(event := next(self._events), Label):
            self._sink(self._timetable.label(event))
        return event


async def _deliver(accept: Accept, batch: list[Signal]) -> None:
    """Offer a batch until it is taken."""
    wait = 0.2
    while True:
        try:
            return await accept(batch)
        except RetryError as error:
            _log.warning("generator waits", reason=str(error), seconds=wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
