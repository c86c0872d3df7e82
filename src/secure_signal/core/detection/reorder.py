"""Signals put into event-time order, as far as they came out of it by no more than a lateness."""

from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

from secure_signal.core.signal import Signal


def by_event_time(signals: Iterable[Signal], lateness: int) -> Iterator[Signal]:
    """The same signals by their time, equal times as they came; each waits for one ``lateness`` later.

    ``lateness`` in microseconds. A signal that is later than that goes on at once, out of order.
    """
    waiting: list[tuple[int, int, Signal]] = []
    newest = 0
    for number, signal in enumerate(signals):
        heappush(waiting, (signal.timestamp, number, signal))
        newest = max(newest, signal.timestamp)
        while waiting[0][0] <= newest - lateness:
            yield heappop(waiting)[2]
    while waiting:
        yield heappop(waiting)[2]
