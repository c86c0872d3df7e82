"""One partition's share of the work, with a state of its own.

A task reads records; it knows neither Kafka nor the clock, so that a replay finds the same.
"""

from abc import ABC, abstractmethod
from collections import Counter

import msgspec

from secure_signal.core import identity, signal
from secure_signal.core.alignment import Record
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.coverage import Run, Runs
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.match import Match
from secure_signal.core.detection.reorder import SKEW
from secure_signal.core.detection.ruleset import RuleSet
from secure_signal.core.errors import RefusedError
from secure_signal.core.fence import Fence, Source
from secure_signal.core.recent import Recent
from secure_signal.core.sessions import Sessions
from secure_signal.services.detector import metrics


class Forward(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A match on its way to the task that holds its group, and where it comes from."""

    source: Source
    match: Match


class Marker(msgspec.Struct, frozen=True):
    """How far a task's saved state goes.

    ``offset`` is the first that is not in it, of the topic with this id; ``epoch`` counts the task's
    owners as far as they are known to each other, and ``owner`` is a name that no other has; ``watermark``
    is the engine's; ``fence`` the highest source of each partition (of ``signal-events``) whose match has
    been entered.
    """

    topic_id: str
    offset: int
    epoch: int
    owner: str
    ruleset: str
    watermark: int = 0
    fence: dict[int, Source] = {}


class Task(ABC):
    """What both kinds of task have: an engine, and how far it is.

    ``offset`` is that of the next record to be read; ``runs`` are what its rule sets evaluated; ``former``
    (and ``outlived_runs``) are the keys on ``detector-state`` that are of no use once this owner's state is
    there. A saved group may be ahead of the marker, because the owner died while saving: it skips what it
    has seen.
    """

    def __init__(self, topic: str, partition: int, ruleset: RuleSet, marker: Marker) -> None:
        self.topic = topic
        self.partition = partition
        self.engine = Engine(ruleset)
        self.offset = marker.offset
        self.former: list[str] = []
        self.runs = Runs(
            Run(topic, partition, marker.topic_id, ruleset.hash, marker.offset, marker.offset),
            f"{marker.epoch}-{marker.owner}",
        )
        self.outlived_runs: list[str] = []
        self._origin = marker
        self._saved = -1
        self._late = 0
        self._full = 0
        self._failures: Counter[str] = Counter()

    @property
    def marker(self) -> Marker:
        """The marker of the state as it is now."""
        return msgspec.structs.replace(
            self._origin,
            offset=self.offset,
            ruleset=self.engine.ruleset.hash,
            watermark=self.engine.watermark,
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
    def read(self, record: Record) -> tuple[list[Anomaly], list[Forward]]:
        """Read one record: what was found, and the matches that belong to others."""

    def restore(self, groups: dict[str, bytes]) -> int:
        """Put saved groups back; how many were dropped, as their rules are gone or mean something else.

        So are those that another version wrote in another form.
        """
        dropped = sum(not self._put_back(key, state) for key, state in groups.items())
        self.engine.watermark = self._origin.watermark
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
        for rule, count in (self.engine.errors - self._failures).items():
            metrics.FAILURES.labels(rule).inc(count)
        self._failures = self.engine.errors.copy()

    def _reach(self, record: Record) -> None:
        self.offset = record.offset + 1
        self.runs.reach(self.offset, record.arrival)

    def _enter(self, match: Match, record: Record) -> list[Anomaly]:
        # Ahead of the broker's time of the record, not of the clock: a replay is read by a later one.
        if record.timestamp >= 0 and match.time > record.arrival + SKEW:
            metrics.FUTURE.inc()
            return []
        return self.engine.enter(match, record.offset, self._arrival(record))

    def _arrival(self, record: Record) -> int:
        """When a record came (in microseconds), by the log alone, for it may be read again later.

        One without a timestamp came when event time was where it is: it counts in its own group, and ends
        nobody else's, whatever time its signal claims.
        """
        return record.arrival if record.timestamp >= 0 else self.engine.watermark


class SignalTask(Task):
    """Judges the signals of a partition of ``signal-events``, and holds the groups that lie within a user."""

    def __init__(self, topic: str, partition: int, ruleset: RuleSet, marker: Marker) -> None:
        super().__init__(topic, partition, ruleset, marker)
        self._sessions = Sessions()
        self._recent = Recent()

    @property
    def start(self) -> int:
        """Before the first offset to be judged: recent identities are learnt anew."""
        return self._recent.since(self.offset)

    def read(self, record: Record) -> tuple[list[Anomaly], list[Forward]]:
        """Judge a signal; a repeated or unreadable one finds nothing."""
        is_past = record.offset < self.offset
        if not is_past:
            self._reach(record)
        try:
            read = signal.decode(record.value)
        except RefusedError:
            # The processor puts it aside, with the reason.
            metrics.UNREADABLE.inc(not is_past)
            return [], []
        if read.id and self._recent.seen(read.id, read.timestamp, record.offset):
            metrics.REPEATED.inc(not is_past)
            return [], []
        self._sessions.saw(read.user_id, read.timestamp, self._arrival(record))
        if is_past:
            return [], []
        return self._judge(self._named(read, record.offset), record)

    def users(self) -> int:
        """Users with a signal within the last 30 minutes of event time."""
        return self._sessions.count()

    def _judge(self, read: signal.Signal, record: Record) -> tuple[list[Anomaly], list[Forward]]:
        metrics.JUDGED.inc()
        anomalies, matches = self.engine.judge(Event.of(read), self._arrival(record))
        forwards: list[Forward] = []
        for match in matches:
            if self.engine.is_local(match.correlation):
                anomalies += self._enter(match, record)
            else:
                source = Source(self._origin.topic_id, self.partition, record.offset, len(forwards))
                forwards.append(Forward(source, match))
        return anomalies, forwards

    def _named(self, read: signal.Signal, offset: int) -> signal.Signal:
        if read.id:
            return read
        name = identity.of_record(self._origin.topic_id, self.partition, offset)
        return msgspec.structs.replace(read, id=name)


class MatchTask(Task):
    """Holds the groups of a partition of ``signal-matches``: those that users share."""

    def __init__(self, topic: str, partition: int, ruleset: RuleSet, marker: Marker) -> None:
        super().__init__(topic, partition, ruleset, marker)
        self._fence = Fence(marker.fence)

    @property
    def marker(self) -> Marker:
        """The marker of the state as it is now."""
        return msgspec.structs.replace(super().marker, fence=dict(self._fence.highest))

    def read(self, record: Record) -> tuple[list[Anomaly], list[Forward]]:
        """Enter a match, unless it was published before."""
        self._reach(record)
        try:
            forward = _decode(record.value)
        except msgspec.DecodeError:
            metrics.UNREADABLE.inc()
            return [], []
        if not self._fence.passes(forward.source):
            return [], []
        return self._enter(forward.match, record), []


_decode = msgspec.msgpack.Decoder(Forward).decode
_encode = msgspec.msgpack.Encoder().encode


def encode(forward: Forward) -> bytes:
    """A match as it stands on ``signal-matches``."""
    return _encode(forward)
