"""Entries on their way to the tasks that hold their groups, sent as parcels on ``signal-matches``."""

from collections.abc import Callable, Iterator
from zlib import crc32

import msgspec

from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.adapters.topics import MATCHES, SIGNALS
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.parcel import Entry, Parcel, Progress
from secure_signal.services.detector import metrics
from secure_signal.services.detector.outbox import Outbox

_MAX_BYTES = 512 * 1024
_BETWEEN_NEWS = 1.0


class Dispatch:
    """Collects the entries of a turn, and sends each task's as one parcel, with how far the sources are.

    ``logs`` are Kafka's. A task that has no entries hears of all progress, and at least each second.
    """

    def __init__(self, outbox: Outbox, logs: TopicLogs) -> None:
        self._outbox = outbox
        self._logs = logs
        self._topic_id, self._sources = logs.layout(SIGNALS)
        _, targets = logs.layout(MATCHES)
        self._targets: list[list[Entry]] = [[] for _ in range(targets)]
        self._told: dict[int, Progress] = {}
        self._told_at = 0.0

    def add(self, entries: list[Entry], place: Callable[[Match], str]) -> None:
        """Take what one task made of a block; ``place`` is its engine's."""
        for entry in entries:
            self._targets[crc32(place(entry.match).encode()) % len(self._targets)].append(entry)

    def send(self, progress: dict[int, Progress], now: float) -> None:
        """Send what was added, with the progress of this instance's sources; ``now`` is in seconds.

        RetryError where Kafka does not tell where signals end.
        """
        is_due = progress != self._told or now >= self._told_at + _BETWEEN_NEWS
        if is_due:
            self._told, self._told_at = progress, now
        ends = self._logs.committed_ends(SIGNALS, self._sources) if any(self._targets) else []
        for target, entries in enumerate(self._targets):
            if not entries and not (is_due and progress):
                continue
            # Blocks were read one after another; within a source the order stays.
            entries.sort(key=lambda entry: (entry.watermark, entry.source))
            for value in self._values(entries, ends, progress):
                self._outbox.parcel(target, value)
            metrics.MATCHES.inc(len(entries))
            entries.clear()

    def _values(
        self, entries: list[Entry], ends: list[int], progress: dict[int, Progress]
    ) -> Iterator[bytes]:
        """Parcels that Kafka takes. Only the last one may say how far the sources are."""
        value = _encode(Parcel(self._topic_id, progress, ends if entries else [], entries))
        if len(value) <= _MAX_BYTES or len(entries) < 2:
            yield value
        else:
            half = len(entries) // 2
            yield from self._values(entries[:half], ends, {})
            yield from self._values(entries[half:], ends, progress)


_encode = msgspec.msgpack.Encoder().encode
