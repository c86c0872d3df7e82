"""Which sources are heard of: one that is silent for long is not waited for any more."""

from collections.abc import Iterable

import msgspec

PATIENCE = 30_000
"""Milliseconds of silence: several times what the group takes to give a partition to another owner."""

# Live instances speak each second. In a longer gap nobody spoke, and it counts as nobody's silence.
_LONGEST_STEP = 2_000


class RollCall(msgspec.Struct, frozen=True):
    """Goes by the timestamps of the log's records (ms), so that it is the same when they are read again.

    ``clock`` is how long somebody was heard in all, ``latest`` the last timestamp, and ``heard`` when, by
    ``clock``, each source was last heard of, or first expected.
    """

    clock: int = 0
    latest: int = -1
    heard: dict[int, int] = {}

    def after(self, named: Iterable[int], expected: Iterable[int], timestamp: int) -> "RollCall":
        """What it is after a record that names some of the sources."""
        step = min(max(0, timestamp - self.latest), _LONGEST_STEP) if self.latest >= 0 else 0
        clock = self.clock + step
        heard = dict.fromkeys(expected, clock) | self.heard | dict.fromkeys(named, clock)
        return RollCall(clock, max(self.latest, timestamp), heard)

    @property
    def silent(self) -> set[int]:
        """The sources that were not heard of for so long."""
        return {source for source, last in self.heard.items() if self.clock - last > PATIENCE}
