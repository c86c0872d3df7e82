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
idle, and while all sources are live, each entry passes at once, or with what is belated before it. A source
without an owner gets one within the group's session timeout; if it does not, it is waited for 30 seconds.

What is sent in a rush after hours reaches the partitions within milliseconds that are minutes of event time,
and may be read before the rest of it is there. Nobody waits for it at the second, so belated entries wait for
what the logs hold half a second later.

All of this follows from the log alone: what is sent and how far each source says it is, never when it is
read. Read again from a saved state, the entries come in the same order and have the same numbers.
"""

from collections.abc import Iterable, Iterator
from heapq import heapify, heappop, heappush, heapreplace
from typing import TypeAlias

import msgspec

from secure_signal.core.lane import Ends, Lane
from secure_signal.core.parcel import Entry, Parcel, Progress
from secure_signal.core.roll_call import RollCall

CAPACITY = 200_000
"""Entries that are held back at most; beyond, the oldest pass."""

Place: TypeAlias = tuple[int, int]
"""Where an entry belongs among others: its watermark, and its source."""

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
        self._silent = standing.roll_call.silent
        self._lanes: dict[int, Lane] = {}
        self._heads: list[Place] = []
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
        return min((lane.parcel for lane in self._lanes.values() if lane), default=self._next)

    @property
    def silent(self) -> set[int]:
        """The sources that are not waited for, as nothing was heard of them for long."""
        return self._silent

    def floor(self, but: set[int]) -> int:
        """How far (ms) the slowest source is that has more, but for some; -1 where one was not heard of."""
        behind = self._behind(self._ends.items())
        return min((progress.arrival for source, progress in behind if source not in but), default=_ENDLESS)

    def take(self, parcel: Parcel, offset: int, timestamp: int) -> Iterator[tuple[int, Entry]]:
        """Take the parcel at an offset, with Kafka's timestamp (ms); the entries that pass, with numbers."""
        self._next = offset + 1
        if offset < self._read:
            if parcel.topic_id == self._topic_id:
                self._hold(parcel, offset)
            return
        self._read = offset + 1
        if parcel.topic_id != self._topic_id:
            yield from self._drain()
            self._begin(parcel.topic_id)
        self._hold(parcel, offset)
        for source, progress in parcel.progress.items():
            # What was sent stays sent, also where the next owner begins before that.
            self._progress[source] = max(progress, self._progress.get(source, _UNHEARD))
        for source, end in enumerate(parcel.ends):
            self._ends[source] = max(end, self._ends.get(source, 0))
        self._roll_call = self._roll_call.after(parcel.progress, self._ends, timestamp)
        self._silent = self._roll_call.silent
        yield from self._pass()

    def _begin(self, topic_id: str) -> None:
        self._topic_id = topic_id
        self._roll_call, self._silent = RollCall(), set()
        for known in (self._progress, self._ends, self._passed, self._taken):
            known.clear()

    def _hold(self, parcel: Parcel, offset: int) -> None:
        ends = Ends(offset, parcel.ends)
        for entry in parcel.entries:
            source, place = entry.source, (entry.offset, entry.number)
            if place <= self._taken.get(source, (-1, -1)):
                continue
            self._taken[source] = place
            lane = self._lanes.setdefault(source, Lane())
            is_first = not lane
            lane.add(entry, ends)
            if is_first:
                heappush(self._heads, lane.head)
            self.held += 1
        for source, settled in parcel.settled.items():
            if source in self._lanes:
                self._lanes[source].settle(settled, ends)

    def _drain(self) -> Iterator[tuple[int, Entry]]:
        while self._heads:
            yield self._release(self._heads[0])

    def _pass(self) -> Iterator[tuple[int, Entry]]:
        """Those that belong before anything which they have to wait for."""
        floors: dict[int | None, Place] = {}
        while head := self._first(floors):
            yield self._release(head)

    def _first(self, floors: dict[int | None, Place]) -> Place | None:
        """The first that may pass, mostly the first of all; ``floors`` go by the parcel of the ends."""
        if not self._heads:
            return None
        head = self._heads[0]
        if head <= self._floor(head, floors) or self.held > CAPACITY:
            return head
        return self._overtaker(floors)

    def _release(self, head: Place) -> tuple[int, Entry]:
        lane = self._lanes[head[1]]
        entry = lane.release()
        if head != self._heads[0]:
            self._heads.remove(head)
            self._heads += [lane.head] if lane else []
            heapify(self._heads)
        elif lane:
            heapreplace(self._heads, lane.head)
        else:
            heappop(self._heads)
        self.held -= 1
        self._count += 1
        self._passed[entry.source] = (entry.offset, entry.number)
        return self._count, entry

    def _floor(self, head: Place, floors: dict[int | None, Place]) -> Place:
        """Where anything belongs, at the least, which this one has to wait for and was not sent."""
        ends = self._ends_for(head)
        parcel = ends.parcel if ends else None
        if parcel not in floors:
            # As long as the ends are not told, it waits for any source.
            until = enumerate(ends.offsets) if ends else ((source, _ENDLESS) for source in self._ends)
            places = ((progress.watermark, source) for source, progress in self._behind(until))
            floors[parcel] = min(places, default=_NOBODY_BEHIND)
        return floors[parcel]

    def _behind(self, ends: Iterable[tuple[int, int]]) -> Iterator[tuple[int, Progress]]:
        """The sources that were not read until these ends, and how far they were."""
        for source, end in ends:
            progress = self._progress.get(source, _UNHEARD)
            if progress.offset < end and source not in self._silent:
                yield source, progress

    def _overtaker(self, floors: dict[int | None, Place]) -> Place | None:
        """One that may pass though others before it may not: they came to be after it was read."""
        heads = sorted(self._heads)
        for index, head in enumerate(heads[1:], 1):
            ends = self._ends_for(head)
            if ends and self._came_after(heads[:index], ends) and head <= self._floor(head, floors):
                return head
        return None

    def _came_after(self, heads: Iterable[Place], ends: Ends) -> bool:
        told = len(ends.offsets)  # Of a partition that is newer, nothing was there.
        return all(
            source >= told or self._lanes[source].offset >= ends.offsets[source] for _, source in heads
        )

    def _ends_for(self, head: Place) -> Ends | None:
        return self._lanes[head[1]].ends(is_silent=head[1] in self._silent)
