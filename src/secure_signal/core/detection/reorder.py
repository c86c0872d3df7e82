"""Signals put into event-time order, as far as they came out of it by no more than a lateness."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from typing import Protocol, TypeVar

from secure_signal.core.instant import SECOND

# How far ahead of those around it a signal's time may be; beyond, it needs so many witnesses in a row.
SKEW = 300 * SECOND
_WITNESSES = 10


class Timed(Protocol):
    """Something with a time in microseconds: a signal, or its event."""

    @property
    def timestamp(self) -> int: ...  # noqa: D102


T = TypeVar("T", bound=Timed)


def by_event_time(signals: Iterable[T], lateness: int) -> Iterator[T]:
    """The same signals by their time, equal times as they came; each waits for one ``lateness`` later.

    ``lateness`` in microseconds. A signal that is later than that goes on at once, out of order.
    """
    waiting: list[tuple[int, int, T]] = []
    clock = _Clock()
    for number, signal in enumerate(signals):
        heappush(waiting, (signal.timestamp, number, signal))
        newest = clock.newest(signal.timestamp)
        while waiting and waiting[0][0] <= newest - lateness:
            yield heappop(waiting)[2]
    while waiting:
        yield heappop(waiting)[2]


class _Clock:
    """The newest time so far. One leap ahead is a wrong clock, so many in a row are the end of a pause."""

    def __init__(self) -> None:
        self._newest = 0
        self._ahead: list[int] = []

    def newest(self, time: int) -> int:
        """The newest time, now that there is a signal of this time."""
        if time > self._newest + SKEW:
            self._ahead.append(time)
            if len(self._ahead) == _WITNESSES:
                self._newest = min(self._ahead)
                self._ahead.clear()
        else:
            self._newest = max(self._newest, time)
            self._ahead.clear()
        return self._newest
