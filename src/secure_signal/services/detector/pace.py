"""How far an instance may read ahead of the others that catch up with it."""

import time
from collections.abc import Mapping

from secure_signal.adapters.topics import SIGNALS
from secure_signal.services.detector.intake import Partition
from secure_signal.services.detector.task import MatchTask, Task

_AHEAD = 60_000
_PATIENCE = 10.0


class Pace:
    """A limit, so that few entries are held back until the slowest instance is as far (core/merge.py).

    It is a minute of arrival after the slowest of the sources that others read, as far as the parcels tell
    that came here. One that does not move for ten seconds is not waited for: ``merge.CAPACITY`` holds then.
    So it does for an instance without a partition of ``signal-matches``, which hears of no other: it has no
    limit, and what others hold back beyond their room is counted where it comes too late.
    """

    def __init__(self) -> None:
        self._floor = -1
        self._moved_at = time.monotonic()

    def limit(self, tasks: Mapping[Partition, Task]) -> float:
        """The arrival (ms) until which signals may be read now."""
        own = {number for topic, number in tasks if topic == SIGNALS}
        floors = [task.merge.floor(own) for task in tasks.values() if isinstance(task, MatchTask)]
        floor = max(floors, default=2**63)
        now = time.monotonic()
        if floor != self._floor:
            self._floor, self._moved_at = floor, now
        return float("inf") if now - self._moved_at > _PATIENCE else floor + _AHEAD
