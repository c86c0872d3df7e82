"""The groups of one correlation by their keys: each awake as a window, or at rest as bytes."""

from collections.abc import Iterable, Iterator
from sys import getsizeof

from secure_signal.core.detection.windowing import resting, snapshot
from secure_signal.core.detection.windowing.group_key import Key, group_of, own
from secure_signal.core.detection.windowing.match import window_key
from secure_signal.core.detection.windowing.terms import Terms
from secure_signal.core.detection.windowing.window import Window

# Bytes of a group's place beside its key and its entries.
_PLACE = 100
# With fewer groups none need rest: awake they take tens of MB at most, and an entry half the time.
_FEW = 8_192
# Of what all groups may take, the part from which on they do.
_MUCH = 0.25


class Population:
    """Tells its terms what is taken, and remembers which groups changed since they were saved.

    Those longest at rest stand in front.
    """

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.awake: dict[Key, Window] = {}
        self.resting: dict[Key, bytes] = {}
        self.changed: set[Key] = set()
        self._torn: list[str] = []

    def __len__(self) -> int:
        return len(self.awake) + len(self.resting)

    def __iter__(self) -> Iterator[Key]:
        yield from self.awake
        yield from self.resting

    @property
    def is_small(self) -> bool:
        """Whether there is room for all of them to be awake."""
        census = self.terms.census
        return len(self.awake) + len(self.resting) < _FEW and census.memory < census.limit * _MUCH

    def admit(self, key: Key, group: Window | bytes) -> None:
        """A new group, or one that was saved."""
        self.changed.add(key)
        taken = _PLACE + getsizeof(key)
        if isinstance(group, Window):
            # It may be laid to rest as soon as it is there.
            group.weigh()
            self.awake[key] = group
            self.terms.take(taken)
        else:
            self.resting[key] = group
            self.terms.take(taken + len(group))

    def wake(self, key: Key) -> Window:
        """The window of a group at rest."""
        state = self.resting.pop(key)
        self.awake[key] = window = resting.wake(self.terms, state, own(key))
        self.terms.take(-len(state))
        return window

    def rest(self, key: Key) -> None:
        """Lay a window to rest."""
        window = self.awake.pop(key)
        window.forget()
        self._tear(key, window)
        self.resting[key] = state = resting.of_window(window, own(key))
        self.terms.take(len(state) - window.weight)

    def forget(self, key: Key) -> None:
        """Drop a group, if it is there."""
        window, state = self.awake.pop(key, None), self.resting.pop(key, b"")
        if window is None and not state:
            return
        if window is not None:
            window.pages.clear()
            self._tear(key, window)
        self.changed.add(key)
        self.terms.take(-(_PLACE + getsizeof(key) + (len(state) if window is None else window.weight)))

    def put_last(self, keys: Iterable[Key]) -> None:
        """Give groups at rest a place behind all others."""
        for key in keys:
            self.resting[key] = self.resting.pop(key)

    def records(self, key: Key, position: int) -> Iterator[tuple[str, bytes | None]]:
        """What is to be saved of a group that has seen all up to a position; None when it is gone."""
        name, digest = window_key(self.terms.rule.id, group_of(key)), self.terms.rule.digest
        if (window := self.awake.get(key)) is not None:
            for page, state in snapshot.of_window(window, own(key), digest, position):
                yield name + page, state
            self._tear(key, window)
        else:
            at_rest = self.resting.get(key)
            yield name, None if at_rest is None else snapshot.of_resting(digest, position, at_rest)

    def torn(self) -> Iterator[tuple[str, None]]:
        """Saved pages that are of no more use since the last call."""
        torn, self._torn = self._torn, []
        return ((page, None) for page in torn)

    def _tear(self, key: Key, window: Window) -> None:
        if window.pages.torn:
            name = window_key(self.terms.rule.id, group_of(key))
            # One may have been written again, with the same content.
            self._torn += [name + page for page in window.pages.torn if page not in window.pages.names]
            window.pages.torn = []
