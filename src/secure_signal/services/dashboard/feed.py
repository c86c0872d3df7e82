"""The last events, kept once for all readers; each reader takes them at its own pace."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from secure_signal.adapters.stored_signals import Key
from secure_signal.services.dashboard.pulse import Pulse


@dataclass(frozen=True)
class Event:
    """One thing to tell; ``key`` is an anomaly's place in the order in which anomalies were stored."""

    name: str
    data: str
    key: Key | None = None


class Feed:
    """Holds no more than its sizes, however many readers there are and however slow they read."""

    def __init__(self, events: int = 500, pulses: int = 300, characters: int = 8_000_000) -> None:
        self.told = 0
        self.newest: Key | None = None
        self.counts: dict[str, int] = {}
        self.pulses: deque[Pulse] = deque(maxlen=pulses)
        self.trouble = "PostgreSQL was not asked yet"
        self.closed = False
        self._events: deque[Event] = deque()
        self._max_events = events
        self._characters = 0
        self._max_characters = characters
        self._woken = asyncio.Condition()

    def after(self, told: int) -> list[Event] | None:
        """What was told since ``told`` events were; None where the first of it is gone already."""
        count = self.told - told
        if count > len(self._events):
            return None
        return list(islice(self._events, len(self._events) - count, None))

    async def tell(self, events: Sequence[Event]) -> None:
        """Add events and wake the readers."""
        async with self._woken:
            for event in events:
                self._events.append(event)
                self._characters += len(event.data)
                self._forget()
            self.told += len(events)
            self._woken.notify_all()

    def _forget(self) -> None:
        while len(self._events) > self._max_events or self._characters > self._max_characters:
            self._characters -= len(self._events.popleft().data)

    async def news(self, told: int) -> None:
        """Wait until more than ``told`` events were told, or the feed is closed."""
        async with self._woken:
            await self._woken.wait_for(lambda: self.told > told or self.closed)

    async def close(self) -> None:
        """Let all readers go."""
        async with self._woken:
            self.closed = True
            self._woken.notify_all()
