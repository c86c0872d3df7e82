"""All windows of all correlations, and how they are saved."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.windowing import metric, snapshot
from secure_signal.core.detection.windowing.census import MEMORY, Census
from secure_signal.core.detection.windowing.groups import Groups
from secure_signal.core.detection.windowing.match import Match, read_key
from secure_signal.core.detection.windowing.snapshot import Record
from secure_signal.core.detection.windowing.window import Opening


class Windows:
    """The groups of each correlation; ``lateness`` in microseconds, ``limit`` in bytes, for all together."""

    def __init__(self, correlations: Iterable[Correlation], lateness: int, limit: int = MEMORY) -> None:
        self._census = Census(limit)
        self._groups = {rule.id: Groups(rule, lateness, self._census) for rule in correlations}
        self._retired: list[Groups] = []
        self._pages: dict[str, bytes] = {}
        self._incomplete: dict[str, Record] = {}

    def __len__(self) -> int:
        return sum(map(len, self._groups.values()))

    @property
    def late(self) -> int:
        """Entries left out because they came later than the lateness."""
        return self._census.late

    @property
    def full(self) -> int:
        """Entries that windows had no room for."""
        return self._census.full

    @property
    def crowded(self) -> int:
        """Groups that were dropped because all together took too much memory."""
        return self._census.crowded

    @property
    def watermark(self) -> int:
        """The greatest time of all entries, as far as it was not ahead of their ``now``.

        Who restores groups sets it to what it was where reading goes on, as they may have been saved later.
        """
        return self._census.watermark

    @watermark.setter
    def watermark(self, instant: int) -> None:
        self._census.watermark = instant

    @property
    def position(self) -> int:
        """That of the last entry; who restores groups first sets it to the last that is not read again."""
        return self._census.position

    @position.setter
    def position(self, position: int) -> None:
        self._census.position = position

    def limit(self, memory: int) -> None:
        """Drop groups from now on when all together take more bytes."""
        self._census.limit = memory

    def groups(self, correlation: str) -> Groups:
        """The groups of a correlation, by its id."""
        return self._groups[correlation]

    def enter(self, match: Match, position: int, now: int) -> tuple[Correlation, Sequence[Opening]] | None:
        """Put an entry into its window (see ``Groups.enter``); None when that rule is not loaded."""
        groups = self._groups.get(match.correlation)
        if groups is None:
            return None
        detail = metric.detail_of(match, groups.rule.kind)
        return groups.rule, groups.enter(
            match.group, match.time, match.signal_id, match.user_id, detail, position, now
        )

    def drop(self, key: str) -> None:
        """Forget a group, by its ``Match.key``."""
        correlation, group = read_key(key)
        self._groups[correlation].drop(group)

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What changed since the last call, as key and state; None for what is gone.

        A group's pages come before the record that names them, and the groups of a rule after those of rules
        that list it: what it found at a position that it will skip is in theirs. What is gone may still be
        named by records saved before, and is to be removed when this is saved.
        """
        self._pages.clear()
        self._incomplete.clear()
        retired, self._retired = self._retired, []
        outer_first = (*retired, *reversed(self._groups.values()))
        return chain.from_iterable([groups.changes() for groups in outer_first])

    def restore(self, key: str, state: bytes) -> bool:
        """Put back what ``changes`` gave, in any order; False where a group's rule is gone or another now.

        The next ``changes`` tells of it: it is to be saved for its new owner.
        """
        array, bracket, page = key.rpartition("]")
        name = array + bracket or key
        if bracket and page:
            self._pages[key] = state
        else:
            saved = snapshot.read(state)
            groups = self._groups.get(read_key(name)[0])
            if groups is None or groups.rule.digest != saved.digest:
                return False
            self._incomplete[name] = saved
        self._complete(name)
        return True

    def adopt(self, old: "Windows") -> int:
        """Take the groups over from rules that mean the same; how many others there were.

        Those are gone, as the next ``changes`` tells.
        """
        dropped = 0
        for correlation, former in old._groups.items():
            groups = self._groups.get(correlation)
            if groups is not None and groups.rule.digest == former.rule.digest:
                groups.adopt(former)
            else:
                dropped += former.forget_all()
                self._retired.append(former)
        self._retired += old._retired
        self._census.resume(old._census)
        return dropped

    def _complete(self, name: str) -> None:
        """Restore a group once its record is there with all its pages."""
        saved = self._incomplete.get(name)
        if saved is None or any(name + page not in self._pages for page in saved.pages):
            return
        del self._incomplete[name]
        correlation, group = read_key(name)
        pages = [self._pages.pop(name + page) for page in saved.pages]
        self._groups[correlation].restore(group, saved, pages)
