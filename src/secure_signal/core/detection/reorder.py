"""Signals put into event-time order, as far as they came out of it by no more than a lateness."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
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


def by_event_time(blocks: Iterable[Sequence[T]], lateness: int) -> Iterator[list[T]]:
    """The same signals by their time, equal times as they came; each waits for one ``lateness`` later.

    They come and go in blocks, of any size. ``lateness`` in microseconds. A signal that is later than that
    goes on with its block, out of order.
    """
    waiting: list[T] = []
    gone = 0
    clock = _Clock()
    for block in blocks:
        if block:
            times = list(map(_time, block))
            _add(waiting, block, times, gone)
            ready = bisect_right(waiting, clock.newest(times) - lateness, gone, key=_time)
            yield waiting[gone:ready]
            gone = ready
            if gone > len(waiting) // _GONE:
                del waiting[:gone]
                gone = 0
    yield waiting[gone:]


# One of so many may have gone on already: to move up all that wait costs more than a block does.
_GONE = 8
_time = attrgetter("timestamp")


def _add(waiting: list[T], block: Sequence[T], times: list[int], gone: int) -> None:
    """Put a block of these times among those that wait in their order, after those that are gone."""
    if times == sorted(times) and (len(waiting) == gone or waiting[-1].timestamp <= times[0]):
        waiting += block
        return
    # What is older than all of it stays as it is.
    place = bisect_right(waiting, min(times), gone, key=_time)
    mixed = [*waiting[place:], *block]
    mixed.sort(key=_time)
    waiting[place:] = mixed


class _Clock:
    """The newest time so far. One leap ahead is a wrong clock, so many in a row are the end of a pause."""

    def __init__(self) -> None:
        self._newest = 0
        self._ahead: list[int] = []

    def newest(self, times: Sequence[int]) -> int:
        """The newest time, now that there are signals of these times."""
        greatest = max(times)
        if greatest <= self._newest + SKEW:
            self._newest = max(self._newest, greatest)
            self._ahead.clear()
        else:
            for time in times:
                self._see(time)
        return self._newest

    def _see(self, time: int) -> None:
        if time > self._newest + SKEW:
            self._ahead.append(time)
            if len(self._ahead) == _WITNESSES:
                self._newest = min(self._ahead)
                self._ahead.clear()
        else:
            self._newest = max(self._newest, time)
            self._ahead.clear()
