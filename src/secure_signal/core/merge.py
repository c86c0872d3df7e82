"""Entries of several sources, in the order of event time, whichever of the sources is ahead.

Instances each read only their own partitions of ``signal-events``, so on ``signal-matches`` one may be
hours ahead of another that catches up on a backlog or stood still, and what the slower one sends would be
late. Hence each parcel says how far its sources were read, and an entry is held back until every source is
as far: then entries come in the order of their sources' watermarks. What was sent in the order of time,
live or all at once after hours, is entered in the order of time. Kafka Streams chooses its next record
likewise, by the event time of those that are there (KIP-353, KIP-695).

No clock tells how far a source is. It is as far as an entry when its own watermark is, or when all was read
that its log held after the entry's record was read: each parcel with entries says where the logs ended
then. Whatever was acknowledged before that record was sent lies before those ends. So nobody waits for the
idle, and while all sources are live, each entry passes at once. A source without an owner gets one within
the group's session timeout; if it does not, it is waited for 30 seconds.

All of this follows from the log alone: what is sent and how far each source says it is, never when it is
read. Read again from a saved state, the entries come in the same order and have the same numbers.
"""

from collections import deque
from collections.abc import Iterator
from heapq import heappop, heappush, heapreplace

import msgspec

from secure_signal.core.parcel import Entry, Parcel, Progress
from secure_signal.core.roll_call import RollCall

CAPACITY = 200_000
"""Entries that are held back at most; beyond, the oldest pass."""

_ENDLESS = 2**63
_NOBODY_BEHIND = (_ENDLESS, 0)


_UNHEARD = Progress()


class Standing(msgspec.Struct, frozen=True):
    """How far a merge is: all that is needed to go on from, besides what is held back.

    ``ends`` are the furthest that were heard of. ``passed`` is the last entry of each source that came out
    (offset and number), ``count`` how many did.
    ``read`` is the offset of the first parcel that was not taken, ``roll_call`` who was heard of until then.
    """

    topic_id: str = ""
    read: int = 0
    count: int = 0
    progress: dict[int, Progress] = {}
    ends: dict[int, int] = {}
    passed: dict[int, tuple[int, int]] = {}
    roll_call: RollCall = RollCall()


class Merge:
    """Takes parcels in the order of the log, and gives entries with their numbers.

    After a standing is restored, parcels are taken again from what was ``oldest`` on. A source's entries are
    first published in their order; so whatever is not above the highest one taken is a repetition.
    """

    def __init__(self, standing: Standing, oldest: int = 0) -> None:
        self._topic_id = standing.topic_id
        self._read = standing.read
        self._next = oldest
        self._count = standing.count
        self._progress = dict(standing.progress)
        self._ends = dict(standing.ends)
        self._passed = dict(standing.passed)
        self._taken = dict(standing.passed)
        self._roll_call = standing.roll_call
        self._queues: dict[int, deque[tuple[Entry, int]]] = {}
        self._heads: list[tuple[int, int]] = []
        self.held = 0
        """How many entries are held back."""

    @property
    def standing(self) -> Standing:
        """How far it is now."""
        return Standing(
            self._topic_id,
            self._read,
            self._count,
            dict(self._progress),
            dict(self._ends),
            dict(self._passed),
            self._roll_call,
        )

    @property
    def oldest(self) -> int:
        """The offset of the first parcel of which an entry is held back, or else of the next parcel."""
        return min((queue[0][1] for queue in self._queues.values() if queue), default=self._next)

    @property
    def silent(self) -> set[int]:
        """The sources that are not waited for, as nothing was heard of them for long."""
        return self._roll_call.silent

    def floor(self, but: set[int]) -> int:
        """How far (ms) the slowest source is that has more, but for some; -1 where one was not heard of."""
        return min((p.arrival for source, p in self._behind() if source not in but), default=_ENDLESS)

    def _behind(self) -> Iterator[tuple[int, Progress]]:
        """The sources that may yet send what belongs before others, and how far they are."""
        silent = self.silent
        for source, end in self._ends.items():
            progress = self._progress.get(source, _UNHEARD)
            if progress.offset < end and source not in silent:
                yield source, progress

    def take(self, parcel: Parcel, offset: int, timestamp: int) -> Iterator[tuple[int, Entry]]:
        """Take the parcel at an offset, with Kafka's timestamp (ms); the entries that pass, with numbers."""
        self._next = offset + 1
        if offset < self._read:
            if parcel.topic_id == self._topic_id:
                self._hold(parcel, offset)
            return
        self._read = offset + 1
        if parcel.topic_id != self._topic_id:
            yield from self._pass(_NOBODY_BEHIND)
            self._begin(parcel.topic_id)
        self._hold(parcel, offset)
        for source, progress in parcel.progress.items():
            # What was sent stays sent, also where the next owner begins before that.
            self._progress[source] = max(progress, self._progress.get(source, _UNHEARD))
        for source, end in enumerate(parcel.ends):
            self._ends[source] = max(end, self._ends.get(source, 0))
        self._roll_call = self._roll_call.after(parcel.progress, self._ends, timestamp)
        floor = min(((p.watermark, source) for source, p in self._behind()), default=_NOBODY_BEHIND)
        yield from self._pass(floor)

    def _begin(self, topic_id: str) -> None:
        self._topic_id = topic_id
        self._roll_call = RollCall()
        for known in (self._progress, self._ends, self._passed, self._taken):
            known.clear()

    def _hold(self, parcel: Parcel, offset: int) -> None:
        for entry in parcel.entries:
            source, place = entry.source, (entry.offset, entry.number)
            if place <= self._taken.get(source, (-1, -1)):
                continue
            self._taken[source] = place
            queue = self._queues.setdefault(source, deque())
            if not queue:
                heappush(self._heads, (entry.watermark, source))
            queue.append((entry, offset))
            self.held += 1

    def _pass(self, floor: tuple[int, int]) -> Iterator[tuple[int, Entry]]:
        """Those that belong before anything which may yet come."""
        while self._heads and (self._heads[0] <= floor or self.held > CAPACITY):
            source = self._heads[0][1]
            queue = self._queues[source]
            entry, _ = queue.popleft()
            self.held -= 1
            if queue:
                heapreplace(self._heads, (queue[0][0].watermark, source))
            else:
                heappop(self._heads)
            self._count += 1
            self._passed[source] = (entry.offset, entry.number)
            yield self._count, entry
