"""The groups of one correlation: each awake as a window, or at rest as bytes."""

from collections.abc import Iterator, Sequence
from itertools import islice

import msgspec

from secure_signal.core.detection import metric, snapshot
from secure_signal.core.detection.census import Census
from secure_signal.core.detection.correlation import Correlation
from secure_signal.core.detection.match import Scalar, window_key
from secure_signal.core.detection.metric import Detail
from secure_signal.core.detection.snapshot import Record
from secure_signal.core.detection.window import Opening, Terms, Window

Key = str | bytes
"""A group's only value where that is a text, else its values in MessagePack: 1, 1.0 and true stay apart."""

_SMALLEST_SWEEP = 256
# It bounds how many windows are awake at once.
_LARGEST_SWEEP = 100_000
# So many at the front may be alive before a sweep gives up: entries ahead of their time hold up few.
_PATIENCE = 32

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[Scalar, ...]).decode


class Groups:
    """All groups of one correlation; one is dropped when event time has left it behind.

    A window that nothing came for since the last sweep goes to rest; a group at rest has its place by when
    it began, or was last found in use. When there are too many, some in front are dropped, and of these
    only those with a single entry while there are any: a flood of random names displaces itself, and not an
    attack that is under way.
    """

    def __init__(self, rule: Correlation, lateness: int, census: Census) -> None:
        self.rule = rule
        self._terms = Terms(rule, lateness, census)
        self._census = census
        self._alone = metric.of(rule)
        self._awake: dict[Key, Window] = {}
        self._resting: dict[Key, bytes] = {}
        self._ahead: dict[Key, int] = {}
        self._changed: set[Key] = set()
        self._torn: list[str] = []
        self._until_sweep = _SMALLEST_SWEEP
        census.members.append(self)

    def __len__(self) -> int:
        return len(self._awake) + len(self._resting)

    def enter(
        self,
        group: tuple[Scalar, ...],
        time: int,
        signal_id: str,
        user_id: str,
        detail: Detail,
        position: int,
        now: int,
    ) -> Sequence[Opening]:
        """Put a signal's entry into its group's window: the episodes that this opens, mostly none.

        ``detail`` is what ``metric.detail_of`` keeps of a match. A group skips positions that it has seen.
        An entry that is ahead of ``now`` ends no other window.
        """
        key: Key = group[0] if len(group) == 1 and type(group[0]) is str else _pack(group)
        census = self._census
        window = self._awake.get(key)
        if (
            window is None
            or window.end < census.watermark
            or time <= window.times[-1]
            or position < census.position
        ):
            return self._enter(key, time, signal_id, user_id, detail, position, now)
        census.position = position
        if census.watermark < time:
            census.watermark = time if time <= now else max(census.watermark, now)
        self._changed.add(key)
        return window.append(time, signal_id, user_id, detail)

    def drop(self, group: tuple[Scalar, ...]) -> None:
        """Forget a group."""
        self._forget(_key_of(group))

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What changed since the last call, as key and state; None for what is gone."""
        self._forget_over()
        changed, self._changed = self._changed, set()
        return self._written(changed)

    def restore(self, group: tuple[Scalar, ...], saved: Record, pages: Sequence[bytes]) -> None:
        """Put a group back, from its record and its pages."""
        key = _key_of(group)
        if key not in self._resting:
            self._census.grow()
        self._resting[key] = snapshot.resting(saved, pages, _own(key))
        self._changed.add(key)
        if saved.position > self._census.position:
            self._ahead[key] = saved.position

    def adopt(self, old: "Groups") -> None:
        """Take over the groups of a rule that means the same."""
        self._terms = old._terms
        self._terms.rule, self._terms.census = self.rule, self._census
        self._awake, self._resting, self._ahead = old._awake, old._resting, old._ahead
        self._changed, self._torn, self._until_sweep = old._changed, old._torn, old._until_sweep

    def forget_all(self) -> int:
        """Drop all groups; how many."""
        keys = [*self._awake, *self._resting]
        for key in keys:
            self._forget(key)
        return len(keys)

    def thin_out(self) -> None:
        """Drop some groups, as there are too many."""
        front: list[Key] = list(islice(self._resting or self._awake, 1 + len(self._resting) // 64))
        single = [
            key for key in front if key in self._resting and snapshot.head_of(self._resting[key]).count == 1
        ]
        self._census.crowded += len(single or front)
        for key in single or front:
            self._forget(key)
        self._put_last([key for key in front if key in self._resting])

    def _enter(
        self, key: Key, time: int, signal_id: str, user_id: str, detail: Detail, position: int, now: int
    ) -> Sequence[Opening]:
        """As ``enter``, for any entry."""
        census, terms = self._census, self._terms
        if position < census.position:
            return ()
        census.position = position
        if key not in self._awake:
            self._count_to_sweep()
        if position <= self._ahead.get(key, -1):
            # It moves event time as it did before.
            census.watermark = max(census.watermark, min(time, now))
            return ()
        window, state, newest = self._awake.get(key), None, None
        if window is not None:
            newest = window.times[-1]
        elif state := self._resting.get(key):
            newest = snapshot.head_of(state).newest
        if newest is not None and newest + terms.reach < census.watermark:
            # Event time has left it behind, whether it was swept or not.
            self._forget(key)
            window = state = newest = None
        if time < (census.watermark - terms.reach if newest is None else newest - terms.lateness):
            census.late += 1
            return ()
        census.watermark = max(census.watermark, min(time, now))
        self._changed.add(key)
        if newest is None:
            return self._begin(key, time, signal_id, user_id, detail)
        if state is not None:
            more = snapshot.append(terms, state, time, signal_id, user_id, detail, _own(key))
            if more is not None:
                self._resting[key] = more
                return ()
        if window is None:
            window = self._wake(key)
        return window.enter(time, signal_id, user_id, detail)

    def _begin(self, key: Key, time: int, signal_id: str, user_id: str, detail: Detail) -> Sequence[Opening]:
        """A new group, at rest at once where the condition does not hold at its first entry."""
        self._census.grow()
        self._alone.add(time, detail)
        measure = self._alone.measure()
        self._alone.remove(time, detail)
        if not self._terms.holds(measure):
            self._resting[key] = snapshot.rest_one(time, signal_id, user_id, detail, _own(key))
            return ()
        self._awake[key] = window = Window(self._terms)
        return window.append(time, signal_id, user_id, detail)

    def _wake(self, key: Key) -> Window:
        self._awake[key] = window = snapshot.wake(self._terms, self._resting.pop(key), _own(key))
        return window

    def _written(self, changed: set[Key]) -> Iterator[tuple[str, bytes | None]]:
        for key in changed:
            yield from self._records(key)
        torn, self._torn = self._torn, []
        for page in torn:
            yield page, None

    def _records(self, key: Key) -> Iterator[tuple[str, bytes | None]]:
        """What is to be saved of a group."""
        name = window_key(self.rule.id, _group_of(key))
        position = max(self._census.position, self._ahead.get(key, -1))
        window = self._awake.get(key)
        if window is not None:
            for page, state in snapshot.records(window, _own(key), self.rule.digest, position):
                yield name + page, state
            self._tear(key, window)
            return
        resting = self._resting.get(key)
        yield name, None if resting is None else snapshot.record(self.rule.digest, position, resting)

    def _count_to_sweep(self) -> None:
        """Sweep after so many entries that it is a constant cost for each."""
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._forget_over()
            self._lay_to_rest()
            self._ahead = {key: seen for key, seen in self._ahead.items() if seen > self._census.position}
            # Who is in use is not to be woken for each entry: most come again before the next sweep.
            in_use = min(4 * len(self._awake), _LARGEST_SWEEP)
            self._until_sweep = max(_SMALLEST_SWEEP, in_use, len(self) // 64)

    def _forget_over(self) -> None:
        """Drop the groups that event time has left behind; those longest at rest stand in front."""
        over, alive = [], []
        for key, state in self._resting.items():
            if snapshot.head_of(state).newest + self._terms.reach < self._census.watermark:
                over.append(key)
            else:
                alive.append(key)
                if len(alive) == _PATIENCE:
                    break
        for key in over:
            self._forget(key)
        self._put_last(alive)

    def _put_last(self, keys: list[Key]) -> None:
        for key in keys:
            self._resting[key] = self._resting.pop(key)

    def _lay_to_rest(self) -> None:
        for key, window in list(self._awake.items()):
            if window.end < self._census.watermark:
                self._forget(key)
            elif window.swept != window.end:
                window.swept = window.end
            elif not window.is_long:
                self._tear(key, window)
                del self._awake[key]
                self._resting[key] = snapshot.rest(window, _own(key))

    def _forget(self, key: Key) -> None:
        window = self._awake.pop(key, None)
        if window is not None:
            window.torn += window.pages
            window.pages = []
            self._tear(key, window)
        elif self._resting.pop(key, None) is None:
            return
        self._census.count -= 1
        self._changed.add(key)

    def _tear(self, key: Key, window: Window) -> None:
        """Remember which saved pages are no longer of use."""
        if window.torn:
            name = window_key(self.rule.id, _group_of(key))
            # One may have been written again, with the same content.
            self._torn += [name + page for page in window.torn if page not in window.pages]
            window.torn = []


def _key_of(group: tuple[Scalar, ...]) -> Key:
    return group[0] if len(group) == 1 and isinstance(group[0], str) else _pack(group)


def _group_of(key: Key) -> tuple[Scalar, ...]:
    return (key,) if isinstance(key, str) else _unpack(key)


def _own(key: Key) -> str:
    return key if isinstance(key, str) else ""
