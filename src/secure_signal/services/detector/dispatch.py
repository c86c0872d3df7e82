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
from secure_signal.services.detector.settling import Settling

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
        self._settling = Settling()
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
        offsets = {source: each.offset for source, each in progress.items()}
        is_belated = any(entry.is_belated for entries in self._targets for entry in entries)
        settled = self._settling.after(offsets, is_belated=is_belated, now=now)
        is_due = bool(settled) or progress != self._told or now >= self._told_at + _BETWEEN_NEWS
        if is_due:
            self._told, self._told_at = progress, now
        asks = bool(settled) or any(self._targets)
        ends = self._logs.committed_ends(SIGNALS, self._sources) if asks else []
        news = Parcel(self._topic_id, progress, ends if settled else [], [], settled)
        for target, entries in enumerate(self._targets):
            if not entries and not (is_due and progress):
                continue
            # Blocks were read one after another; within a source the order stays.
            entries.sort(key=lambda entry: (entry.watermark, entry.source))
            for value in _values(news, entries, ends):
                self._outbox.parcel(target, value)
            metrics.MATCHES.inc(len(entries))
            entries.clear()


def _values(news: Parcel, entries: list[Entry], ends: list[int]) -> Iterator[bytes]:
    """Parcels that Kafka takes. Only the last one may say how far the sources are."""
    parcel = msgspec.structs.replace(news, entries=entries, ends=ends) if entries else news
    value = _encode(parcel)
    if len(value) <= _MAX_BYTES or len(entries) < 2:
        yield value
    else:
        half = len(entries) // 2
        without = msgspec.structs.replace(news, progress={}, settled={})
        yield from _values(without, entries[:half], ends)
        yield from _values(news, entries[half:], ends)


_encode = msgspec.msgpack.Encoder().encode
