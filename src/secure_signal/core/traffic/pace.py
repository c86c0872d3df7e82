"""When signals are due: a steady rate, or quiet and peaks with the same mean."""

from collections.abc import Iterator
from itertools import count
from random import Random

from secure_signal.core.instant import SECOND

# A burst cycle: so long at so many times the mean rate. Durations times factors add up to the cycle.
_QUIET_SECONDS, _QUIET_FACTOR = 20, 0.4
_PEAK_SECONDS, _PEAK_FACTOR = 10, 2.2
_CYCLE_SECONDS = _QUIET_SECONDS + _PEAK_SECONDS


def slots(rng: Random, rate: float, burst: bool, start: int) -> Iterator[int]:
    """Rising instants without end, ``rate`` a second on the mean: one at random in each n-th share."""
    for n in count():
        even = (n + rng.random()) / rate
        yield start + int((_bent(even) if burst else even) * SECOND)


def _bent(even: float) -> float:
    """The time at which a bursty stream has come as far as a steady one at ``even`` (both in seconds)."""
    cycles, rest = divmod(even, _CYCLE_SECONDS)
    quiet = _QUIET_SECONDS * _QUIET_FACTOR
    within = rest / _QUIET_FACTOR if rest < quiet else _QUIET_SECONDS + (rest - quiet) / _PEAK_FACTOR
    return cycles * _CYCLE_SECONDS + within
