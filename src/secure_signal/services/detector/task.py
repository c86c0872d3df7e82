"""One partition's share of the work, with a state of its own.

A task reads records; it knows neither Kafka nor the clock, so that a replay finds the same.
"""

from abc import ABC, abstractmethod
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeAlias, cast

import msgspec

from secure_signal.core import identity
from secure_signal.core.alignment import Block
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import event
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry.coverage import Run, Runs
from secure_signal.core.detection.reorder import SKEW
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.errors import RefusedError
from secure_signal.core.merge import Merge, Standing
from secure_signal.core.parcel import Entry, Parcel
from secure_signal.core.recent import Recent
from secure_signal.core.sessions import Sessions
from secure_signal.services.detector import metrics

Finding: TypeAlias = tuple[Anomaly, int]
"""An anomaly, and when the signal that completed it arrived (ms)."""

Outcome: TypeAlias = tuple[int, int, list[Anomaly], list[Match]]
"""Of a signal, by its offset and arrival (in microseconds): what was found, and what others have to enter."""


class Rows(NamedTuple):
    """Signals as columns, with their records' offsets and timestamps (ms)."""

    events: Sequence[Event]
    offsets: Sequence[int]
    timestamps: Sequence[int]

    def at(self, places: Sequence[int]) -> "Rows":
        """Those at some places."""
        return Rows(
            [self.events[place] for place in places],
            [self.offsets[place] for place in places],
            [self.timestamps[place] for place in places],
        )


class Marker(msgspec.Struct, frozen=True):
    """How far a task's saved state goes.

    ``offset`` is where reading goes on, in the topic with this id; ``epoch`` counts the task's owners as far
    as they are known to each other, and ``owner`` is a name that no other has; ``watermark`` and
    ``position`` are the engine's; ``reached`` is that of the partition's signals. ``standing`` is how far
    the entries of ``signal-matches`` were merged.
    """

    topic_id: str
    offset: int
    epoch: int
    owner: str
    ruleset: str
    watermark: int = 0
    position: int = -1
    reached: int = 0
    standing: Standing = Standing()


class Task(ABC):
    """What both kinds of task have: an engine, and how far it is.

    ``offset`` is that of the next record to be read; ``former`` are the keys on ``detector-state`` that are
    of no use once this owner's state is there, and ``runs`` what its rule sets evaluated. A saved group may
    be ahead of the marker, because the owner died while saving: it skips what it has seen.
    """

    def __init__(self, topic: str, partition: int, engine: Engine, marker: Marker) -> None:
        self.topic = topic
        self.partition = partition
        self.engine = engine
        self.offset = marker.offset
        self.former: list[str] = []
        self.runs = Runs(
            Run(topic, partition, marker.topic_id, engine.ruleset.hash, marker.offset, marker.offset),
            f"{marker.epoch}-{marker.owner}",
        )
        self.outlived_runs: list[str] = []
        self._origin = marker
        self._saved = -1
        self._late = 0
        self._full = self._crowded = 0
        self._suppressed = 0
        self._failures: Counter[str] = Counter()

    @property
    def marker(self) -> Marker:
        """The marker of the state as it is now."""
        return msgspec.structs.replace(
            self._origin,
            offset=self.offset,
            ruleset=self.engine.ruleset.hash,
            watermark=self.engine.watermark,
            position=self.engine.position,
        )

    @property
    def has_moved(self) -> bool:
        """Whether there is something to save: records were read, or the task is in new hands."""
        return self.offset != self._saved

    def mark_saved(self) -> None:
        """Its state is on ``detector-state``."""
        self._saved = self.offset
        self.former.clear()
        self.outlived_runs.clear()

    @property
    def start(self) -> int:
        """Where its partition is to be read from."""
        return self.offset

    @abstractmethod
    def read(self, block: Block) -> tuple[list[Finding], list[Entry]]:
        """Read records: what was found, and the entries that belong to others."""

    def restore(self, groups: dict[str, bytes]) -> int:
        """Put saved groups back; how many were dropped, as their rules are gone or mean something else.

        So are those that another version wrote in another form.
        """
        self.engine.position = self._origin.position
        dropped = sum(not self._put_back(key, state) for key, state in groups.items())
        self.engine.watermark = self._origin.watermark
        return dropped

    def reload(self, engine: Engine) -> int:
        """Judge by other rules from the next record on; how many groups are dropped with theirs."""
        dropped = engine.adopt(self.engine)
        self.engine = engine
        self.outlived_runs += self.runs.turn_to(engine.ruleset.hash)
        self._saved = -1
        return dropped

    def _put_back(self, key: str, state: bytes) -> bool:
        try:
            return self.engine.restore(key, state)
        except Exception:
            # However it fails, it would fail for ever.
            return False

    def users(self) -> int:
        """Users that were active lately, as far as this task knows."""
        return 0

    def tell(self) -> None:
        """Add to the metrics what its engine counted since the last call."""
        metrics.LATE.inc(self.engine.late - self._late)
        self._late = self.engine.late
        metrics.FULL.inc(self.engine.full - self._full)
        self._full = self.engine.full
        metrics.CROWDED.inc(self.engine.crowded - self._crowded)
        self._crowded = self.engine.crowded
        metrics.SUPPRESSED.inc(self.engine.suppressed - self._suppressed)
        self._suppressed = self.engine.suppressed
        for rule, count in (self.engine.errors - self._failures).items():
            metrics.FAILURES.labels(rule).inc(count)
        self._failures = self.engine.errors.copy()

    def _reach(self, block: Block) -> None:
        """Records were read, by the log's own time: they may be read again later."""
        self.runs.reach(block.offsets[0] + 1, block.timestamps[0] * 1000)
        self.offset = block.offsets[-1] + 1
        self.runs.reach(self.offset, block.timestamps[-1] * 1000)


class SignalTask(Task):
    """Judges the signals of a partition of ``signal-events``, and holds the groups that lie within a user.

    ``watermark`` is the greatest time of its signals, each no later than its arrival (microseconds).
    """

    def __init__(self, topic: str, partition: int, engine: Engine, marker: Marker) -> None:
        super().__init__(topic, partition, engine, marker)
        self._sessions = Sessions()
        self._recent = Recent()
        self.watermark = marker.reached

    @property
    def marker(self) -> Marker:
        """The marker of the state as it is now."""
        return msgspec.structs.replace(super().marker, reached=self.watermark)

    @property
    def start(self) -> int:
        """Before the first offset to be judged: recent identities are learnt anew."""
        return self._recent.since(self.offset)

    def read(self, block: Block) -> tuple[list[Finding], list[Entry]]:
        """Judge signals; repeated and unreadable ones find nothing."""
        past = bisect_left(block.offsets, self.offset)
        if past:
            self._learn(block.part(0, past))
        if past == len(block.offsets):
            return [], []
        fresh = block.part(past, len(block.offsets)) if past else block
        self._reach(fresh)
        rows, unreadable = self._learn(fresh)
        # The processor puts unreadable ones aside, with the reason.
        metrics.UNREADABLE.inc(unreadable)
        judged = len(rows.events)
        metrics.REPEATED.inc(len(fresh.offsets) - unreadable - judged)
        metrics.JUDGED.inc(judged)
        return self._judge(rows)

    def users(self) -> int:
        """Users with a signal within the last 30 minutes of event time."""
        return self._sessions.count()

    def _learn(self, block: Block) -> tuple[Rows, int]:
        """The signals that are new; and how many records hold none."""
        events = event.read(block.values)
        rows = Rows(cast(list[Event], events), block.offsets, block.timestamps)
        if RefusedError in set(map(type, events)):
            rows = rows.at([place for place, each in enumerate(events) if isinstance(each, Event)])
        unreadable = len(events) - len(rows.events)
        # One without id is told by its offset, which no other has.
        identities = [
            hash((each.id or offset, each.timestamp))
            for each, offset in zip(rows.events, rows.offsets, strict=True)
        ]
        repeated = set(self._recent.seen(identities, rows.offsets))
        if repeated:
            rows = rows.at([place for place in range(len(rows.events)) if place not in repeated])
        now = self._arrival(block.timestamps[-1])
        self._sessions.saw([(each.user_id, each.timestamp) for each in rows.events], now)
        return rows, unreadable

    def _judge(self, rows: Rows) -> tuple[list[Finding], list[Entry]]:
        findings: list[Finding] = []
        entries: list[Entry] = []
        watermarks = self._watermarks(rows)
        for offset, now, found, matches in self._process(rows):
            findings += [(anomaly, now // 1000) for anomaly in found]
            if matches:
                watermark = watermarks[bisect_left(rows.offsets, offset)]
                entries += [
                    Entry(self.partition, offset, number, watermark, now // 1000, match)
                    for number, match in enumerate(matches)
                ]
        return findings, entries

    def _watermarks(self, rows: Rows) -> list[int]:
        """What the watermark is from each signal on: a time ahead of its arrival counts as that."""
        arrivals = [timestamp * 1000 for timestamp in rows.timestamps]
        times = map(min, [each.timestamp for each in rows.events], arrivals)
        _, *watermarks = accumulate(times, max, initial=self.watermark)
        self.watermark = watermarks[-1] if watermarks else self.watermark
        return watermarks

    def _process(self, rows: Rows) -> Iterator[Outcome]:
        """Block-wise, but one by one where some lie in the far future, or have no time of arrival."""
        for each, offset in zip(rows.events, rows.offsets, strict=True):
            if not each.id:
                each.id = identity.of_record(self._origin.topic_id, self.partition, offset)
        earliest = min(rows.timestamps, default=0)
        if (
            earliest >= 0
            and max([each.timestamp for each in rows.events], default=0) <= earliest * 1000 + SKEW
        ):
            nows = [timestamp * 1000 for timestamp in rows.timestamps]
            yield from self.engine.process_all(zip(rows.events, rows.offsets, nows, strict=True))
            return
        for each, offset, timestamp in zip(*rows, strict=True):
            now = self._arrival(timestamp)
            # Ahead of the broker's time of the record, not of the clock: a replay is read by a later one.
            if timestamp >= 0 and each.timestamp > now + SKEW:
                anomalies, matches = self.engine.judge(each, now)
                metrics.FUTURE.inc(len(matches))
                yield offset, now, anomalies, []
            else:
                yield from self.engine.process_all([(each, offset, now)])

    def _arrival(self, timestamp: int) -> int:
        """When a record came (in microseconds), by the log alone, for it may be read again later.

        One without a timestamp came when event time was where it is: it counts in its own group, and ends
        nobody else's, whatever time its signal claims.
        """
        return timestamp * 1000 if timestamp >= 0 else self.engine.watermark


class MatchTask(Task):
    """Holds the groups of a partition of ``signal-matches``: those that users share."""

    def __init__(self, topic: str, partition: int, engine: Engine, marker: Marker) -> None:
        super().__init__(topic, partition, engine, marker)
        self.merge = Merge(marker.standing, marker.offset)
        self.offset = max(marker.offset, marker.standing.read)
        self._start = marker.offset

    @property
    def start(self) -> int:
        """Before the next offset to be read, where entries are held back: they are not in the state."""
        return self._start

    @property
    def marker(self) -> Marker:
        """The marker of the state as it is now."""
        standing = self.merge.standing
        return msgspec.structs.replace(super().marker, offset=self.merge.oldest, standing=standing)

    def read(self, block: Block) -> tuple[list[Finding], list[Entry]]:
        """Enter what parcels hold, when its turn has come."""
        if block.offsets[-1] >= self.offset:
            self._reach(block)
        found: list[Finding] = []
        for offset, timestamp, value in zip(*block, strict=True):
            try:
                parcel = _decode(value)
            except msgspec.DecodeError:
                metrics.UNREADABLE.inc()
                continue
            for number, entry in self.merge.take(parcel, offset, timestamp):
                anomalies = self.engine.enter(entry.match, number, entry.arrival * 1000)
                if anomalies:
                    found += [(anomaly, entry.arrival) for anomaly in anomalies]
        return found, []


_decode = msgspec.msgpack.Decoder(Parcel).decode
