"""Entries on their way to the tasks that hold their groups, sent as parcels on ``signal-matches``."""

from collections.abc import Callable, Iterator, Mapping
from zlib import crc32

import msgspec

from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.merge import Entry, Parcel
from secure_signal.services.detector import metrics
from secure_signal.services.detector.outbox import Outbox

_MAX_BYTES = 512 * 1024
_BETWEEN_NEWS = 1_000
_SLACK = 2_000
"""Milliseconds that a source at its end is said to be ahead of the clock: a little longer than until it is
heard of again. Once its owner is dead, others wait for it from then on until the next owner says more."""


class Dispatch:
    """Collects the entries of a turn, and sends each task's as one parcel, with how far the sources are.

    ``topic_id`` is Kafka's of ``signal-events``, ``sources`` and ``targets`` how many partitions that and
    ``signal-matches`` have. A task that has no entries hears of progress each second, and with every
    turn while there is more to read.
    """

    def __init__(self, outbox: Outbox, topic_id: str, sources: int, targets: int) -> None:
        self._outbox = outbox
        self._topic_id = topic_id
        self._sources = sources
        self._targets: list[list[Entry]] = [[] for _ in range(targets)]
        self._told_at = 0

    def add(self, entries: list[Entry], place: Callable[[Match], str]) -> None:
        """Take what one task made of a block; ``place`` is its engine's."""
        for entry in entries:
            self._targets[crc32(place(entry.match).encode()) % len(self._targets)].append(entry)

    def send(self, progress: Mapping[int, int], now: int) -> None:
        """Send what was added; ``progress`` of this instance's sources, and ``now``, in milliseconds."""
        is_due = now >= self._told_at + _BETWEEN_NEWS or any(time < now for time in progress.values())
        if is_due:
            self._told_at = now
        told = {source: time if time < now else time + _SLACK for source, time in progress.items()}
        for target, entries in enumerate(self._targets):
            if not entries and not (is_due and progress):
                continue
            # Blocks were read one after another; within a source the order stays.
            entries.sort(key=lambda entry: (entry.arrival, entry.source))
            for value in self._values(entries, told):
                self._outbox.parcel(target, value)
            metrics.MATCHES.inc(len(entries))
            entries.clear()

    def _values(self, entries: list[Entry], progress: dict[int, int]) -> Iterator[bytes]:
        """Parcels that Kafka takes. Only the last one may say how far the sources are."""
        value = _encode(Parcel(self._topic_id, self._sources, progress, entries))
        if len(value) <= _MAX_BYTES or len(entries) < 2:
            yield value
        else:
            half = len(entries) // 2
            yield from self._values(entries[:half], {})
            yield from self._values(entries[half:], progress)


_encode = msgspec.msgpack.Encoder().encode
