"""The identities of a partition's recent records: a sender's retry is told from a new signal."""

from array import array
from bisect import bisect_left

GENERATION = 65_536
"""Records of one generation; a retry is known among the last 65,536 records, and up to twice as many."""


class Recent:
    """Identities of the records in the generation in hand and in the one before it.

    What it knows at an offset follows from the log alone: read from ``since(offset)`` on, and it is the
    same again. Identities are kept as hashes of 64 bits (less than 5 MB in all); Python seeds them for
    each process, so that nobody can make two signals that collide.
    """

    def __init__(self, generation: int = GENERATION) -> None:
        self._size = generation
        self._number = -1
        self._current: set[int] = set()
        self._previous = array("q")

    def since(self, offset: int) -> int:
        """Where to begin reading in order to know at ``offset`` what a reader from the start knows."""
        return max(0, (offset // self._size - 1) * self._size)

    def seen(self, signal_id: str, timestamp: int, offset: int) -> bool:
        """Whether a recent record was this signal; it is one from now on. Offsets must not decrease."""
        self._turn_to(offset // self._size)
        identity = hash((signal_id, timestamp))
        if identity in self._current:
            return True
        self._current.add(identity)
        place = bisect_left(self._previous, identity)
        return place < len(self._previous) and self._previous[place] == identity

    def _turn_to(self, number: int) -> None:
        if number == self._number:
            return
        follows = number == self._number + 1
        # Sorted, the generation that is no longer added to takes an eighth of its set.
        self._previous = array("q", sorted(self._current) if follows else ())
        self._current = set()
        self._number = number
