"""What is held back of one source, and what has to be read before it passes."""

from collections import deque
from typing import NamedTuple

from secure_signal.core.parcel import Entry


class Ends(NamedTuple):
    """Where the log of each source ended, by the parcel at an offset."""

    parcel: int
    offsets: list[int]


class Lane:
    """Entries of one source in its order, each with the offset of its parcel and the ends that it told.

    What was in the logs by then has to be read first. For belated entries a while is let pass: those ends
    count that were told once they had settled.
    """

    def __init__(self) -> None:
        self._entries: deque[tuple[Entry, Ends]] = deque()
        self._settled: deque[tuple[int, Ends]] = deque()

    def __bool__(self) -> bool:
        return bool(self._entries)

    @property
    def head(self) -> tuple[int, int]:
        """Where the first entry belongs among those of all sources."""
        entry, _ = self._entries[0]
        return entry.watermark, entry.source

    @property
    def offset(self) -> int:
        """The first entry's: what came before it is not here."""
        return self._entries[0][0].offset

    @property
    def parcel(self) -> int:
        """The offset of the parcel that brought the first entry."""
        return self._entries[0][1].parcel

    def add(self, entry: Entry, ends: Ends) -> None:
        """Hold an entry back."""
        self._entries.append((entry, ends))

    def settle(self, offset: int, ends: Ends) -> None:
        """Take the ends that were told once what is before an offset had settled."""
        if self._entries and offset > self.offset:
            self._settled.append((offset, ends))

    def ends(self, *, is_silent: bool) -> Ends | None:
        """Those that count for the first entry; None where they are still to be told.

        Of a silent source nobody would.
        """
        entry, ends = self._entries[0]
        if is_silent or not entry.is_belated:
            return ends
        while self._settled and self._settled[0][0] <= entry.offset:
            self._settled.popleft()
        return self._settled[0][1] if self._settled else None

    def release(self) -> Entry:
        """Let the first entry go."""
        entry, _ = self._entries.popleft()
        if not self._entries:
            self._settled.clear()
        return entry
