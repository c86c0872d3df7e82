"""The identities of a partition's recent records: a sender's retry is told from a new signal."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence

GENERATION = 65_536
"""Records of one generation; a retry is known among the last 65,536 records, and up to twice as many."""


class Recent:
    """Identities of the records in the generation in hand and in the one before it.

    What it knows at an offset follows from the log alone: read from ``since(offset)`` on, and it is the
    same again. Identities are kept as hashes of 64 bits (less than 10 MB in all); Python seeds them for
    each process, so that nobody can make two signals that collide.
    """

    def __init__(self, generation: int = GENERATION) -> None:
        self._size = generation
        self._number = -1
        self._current: set[int] = set()
        self._previous: set[int] = set()

    def since(self, offset: int) -> int:
        """Where to begin reading in order to know at ``offset`` what a reader from the start knows."""
        return max(0, (offset // self._size - 1) * self._size)

    def seen(self, identities: Sequence[int], offsets: Sequence[int]) -> list[int]:
        """Those of the signals (their places) that a recent record was; all are recent from now on.

        ``identities`` are hashes of id and timestamp. Offsets must increase.
        """
        return [place for part in self._generations(offsets) for place in self._seen(identities, part)]

    def _seen(self, identities: Sequence[int], places: range) -> list[int]:
        block = identities[places.start : places.stop]
        fresh = set(block)
        if len(fresh) == len(block) and fresh.isdisjoint(self._current) and fresh.isdisjoint(self._previous):
            self._current |= fresh
            return []
        known = []
        for place, identity in zip(places, block, strict=True):
            if identity in self._current or identity in self._previous:
                known.append(place)
            self._current.add(identity)
        return known

    def _generations(self, offsets: Sequence[int]) -> Iterator[range]:
        """The parts of a block that lie in one generation each; each is in hand when it is given."""
        start = 0
        while start < len(offsets):
            number = offsets[start] // self._size
            end = bisect_left(offsets, (number + 1) * self._size, start)
            if number != self._number:
                self._previous = self._current if number == self._number + 1 else set()
                self._current = set()
                self._number = number
            yield range(start, end)
            start = end
