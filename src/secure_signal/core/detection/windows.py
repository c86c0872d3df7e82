"""All windows of all correlations: who is alive, who changed, and what came too late."""

from collections.abc import Iterable, Iterator

from secure_signal.core.detection import snapshot
from secure_signal.core.detection.correlation import Correlation, Kind
from secure_signal.core.detection.groups import Groups
from secure_signal.core.detection.match import Match, read_key
from secure_signal.core.detection.window import Opening, Window

_SMALLEST_SWEEP = 1024


class Windows:
    """Windows by their keys (``Match.key``); a group is dropped when event time has left it behind.

    ``lateness`` in microseconds. ``late`` counts the entries that were older than that, by their own
    group's newest or because event time had left their window behind, and were left out; ``full`` those
    that a window had no room for. ``watermark`` is the greatest time of all entries, as far as it was not
    ahead of their ``now``. Who restores windows sets it to what it was where reading goes on, as windows
    may have been saved later than that.
    """

    def __init__(self, correlations: Iterable[Correlation], lateness: int) -> None:
        self.late = 0
        self.full = 0
        self.watermark = 0
        self._rules = {rule.id: rule for rule in correlations}
        self._lateness = lateness
        self._windows: dict[str, Window] = {}
        self._ahead: dict[str, int] = {}
        self._changed: set[str] = set()
        self._entries_to_sweep = _SMALLEST_SWEEP

    def __len__(self) -> int:
        return len(self._windows)

    def enter(self, match: Match, position: int, now: int) -> tuple[Correlation, list[Opening]] | None:
        """Put an entry into its window; None when that rule is not loaded, or the entry does not count.

        A window skips positions that it has seen. An entry that is ahead of ``now`` ends no other window.
        """
        rule = self._rules.get(match.correlation)
        if rule is None:
            return None
        key = match.key
        window = self._alive(key)
        if window is None:
            if match.time + rule.timespan + self._lateness < self.watermark:
                self.late += 1
                return None
            window = self._windows[key] = Window(rule)
        # An entry that is skipped is one read again, and moves event time as it did before.
        self.watermark = max(self.watermark, min(match.time, now))
        if position < window.position or position <= self._ahead.get(key, -1):
            return None
        window.position = position
        self._changed.add(key)
        if window.times and match.time < window.newest - self._lateness:
            self.late += 1
            return None
        dropped = window.dropped
        openings = window.enter(match, self._lateness)
        self.full += window.dropped - dropped
        self._count_to_sweep()
        return rule, openings

    def groups(self, correlation: str) -> Groups:
        """The groups of a correlation, by its id."""
        return Groups(self, correlation)

    def counts_slots(self, correlation: str) -> bool:
        """Whether the details of a correlation's entries are slots."""
        return self._rules[correlation].kind in (Kind.TEMPORAL, Kind.TEMPORAL_ORDERED)

    def drop(self, key: str) -> None:
        """Forget a window."""
        self._windows.pop(key, None)
        self._changed.add(key)

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """The windows that changed since the last call, as key and state; None for one that is gone.

        Those of a rule come after those of rules that list it: what it found at a position that it will skip
        is in theirs.
        """
        ranks = {rule: rank for rank, rule in enumerate(reversed(self._rules))}
        changed = sorted(self._changed, key=lambda key: ranks.get(read_key(key)[0], 0))
        self._changed = set()
        found = ((key, self._windows.get(key)) for key in changed)
        return ((key, None if window is None else snapshot.encode(window)) for key, window in found)

    def restore(self, key: str, state: bytes) -> bool:
        """Put back a window that ``changes`` gave; False when its rule is gone or means something else now.

        The next ``changes`` tells of it: it is to be saved for its new owner.
        """
        rule = self._rules.get(read_key(key)[0])
        window = snapshot.decode(rule, state) if rule is not None else None
        if window is None:
            return False
        self._windows[key] = window
        self._ahead[key] = window.position
        self._changed.add(key)
        return True

    def adopt(self, old: "Windows") -> int:
        """Take the windows over from rules that mean the same; how many others there were.

        Those are gone, as the next ``changes`` tells.
        """
        self.late, self.full, self.watermark = old.late, old.full, old.watermark
        same = {
            i: rule
            for i, rule in self._rules.items()
            if i in old._rules and old._rules[i].digest == rule.digest
        }
        for key, window in old._windows.items():
            rule = same.get(window.rule.id)
            if rule is not None:
                window.rule = rule
                self._windows[key] = window
        gone = old._windows.keys() - self._windows.keys()
        self._changed = old._changed | gone
        return len(gone)

    def _alive(self, key: str) -> Window | None:
        """A window by its key, unless event time has left it behind, whether swept or not."""
        window = self._windows.get(key)
        return None if window is None or self._is_over(window) else window

    def _is_over(self, window: Window) -> bool:
        return window.newest + window.rule.timespan + self._lateness < self.watermark

    def _count_to_sweep(self) -> None:
        """Sweep after as many entries as there are windows: a constant cost for each entry."""
        self._entries_to_sweep -= 1
        if self._entries_to_sweep > 0:
            return
        over = [key for key, window in self._windows.items() if self._is_over(window)]
        for key in over:
            del self._windows[key]
        self._changed.update(over)
        self._entries_to_sweep = max(_SMALLEST_SWEEP, len(self._windows))
