"""The groups of one correlation, and how an entry comes into its group's window."""

from collections.abc import Iterator, Sequence

from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.windowing import insertion, metric, resting, snapshot, tally, thinning
from secure_signal.core.detection.windowing.census import Census
from secure_signal.core.detection.windowing.group_key import Key, key_of, own
from secure_signal.core.detection.windowing.match import Scalar
from secure_signal.core.detection.windowing.metric import Detail
from secure_signal.core.detection.windowing.population import Population
from secure_signal.core.detection.windowing.snapshot import Record
from secure_signal.core.detection.windowing.terms import Terms
from secure_signal.core.detection.windowing.window import Opening

_SMALLEST_SWEEP = 256
# Awake an entry costs a third, and saving it, and having it woken, several times as much.
_WOKEN = 16
# It bounds how many windows are awake at once.
_LARGEST_SWEEP = 100_000


class Groups:
    """All groups of one correlation; one is dropped when event time has left it behind.

    A group begins at rest. Its window is woken when there are few groups, when it has many entries, or when
    its condition may hold; where there are many, one that nothing came for since the last sweep goes to rest.
    """

    def __init__(self, rule: Correlation, lateness: int, census: Census) -> None:
        self.rule = rule
        self._terms = Terms(rule, lateness, census)
        self._census = census
        self._alone = metric.of(rule)
        self._ahead: dict[Key, int] = {}
        self._until_sweep = _SMALLEST_SWEEP
        self._hold(Population(self._terms))
        census.members.append(self)

    def __len__(self) -> int:
        return len(self._population)

    @property
    def memory(self) -> int:
        """About how many bytes they take."""
        return self._terms.memory

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
        key = group[0] if len(group) == 1 and type(group[0]) is str else key_of(group)
        census = self._census
        window = self._awake.get(key)
        if window is None or position < census.position:
            return self._enter(key, time, signal_id, user_id, detail, position, now)
        newest = window.times[-1]
        if time <= newest or newest < census.watermark - self._reach:
            return self._enter(key, time, signal_id, user_id, detail, position, now)
        census.position = position
        if census.watermark < time:
            census.watermark = time if time <= now else max(census.watermark, now)
        self._changed.add(key)
        return window.append(time, signal_id, user_id, detail)

    def drop(self, group: tuple[Scalar, ...]) -> None:
        """Forget a group."""
        self._population.forget(key_of(group))

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What changed since the last call, as key and state; None for what is gone."""
        thinning.forget_over(self._population)
        changed = self._changed.copy()
        self._changed.clear()
        return self._written(changed)

    def restore(self, group: tuple[Scalar, ...], saved: Record, pages: Sequence[bytes]) -> None:
        """Put a group back, from its record and its pages."""
        key = key_of(group)
        state = snapshot.whole(saved, pages)
        self._population.forget(key)
        self._population.admit(key, state)
        if saved.position > self._census.position:
            self._ahead[key] = saved.position

    def adopt(self, old: "Groups") -> None:
        """Take over the groups of a rule that means the same."""
        self._terms = old._terms
        self._terms.rule, self._terms.census = self.rule, self._census
        self._ahead, self._until_sweep = old._ahead, old._until_sweep
        self._hold(old._population)

    def forget_all(self) -> int:
        """Drop all groups; how many."""
        keys = list(self._population)
        for key in keys:
            self._population.forget(key)
        return len(keys)

    def thin_out(self) -> None:
        """Take less, as all take too much."""
        self._census.crowded += thinning.thin_out(self._population)

    def _hold(self, population: Population) -> None:
        self._population = population
        # What every entry asks for.
        self._awake, self._resting = population.awake, population.resting
        self._changed = population.changed
        self._reach = self._terms.reach

    def _enter(
        self, key: Key, time: int, signal_id: str, user_id: str, detail: Detail, position: int, now: int
    ) -> Sequence[Opening]:
        """As ``enter``, for any entry."""
        census = self._census
        if position < census.position:
            return ()
        census.position = position
        window, state = self._awake.get(key), b""
        if window is None:
            self._until_sweep -= 1
            if self._until_sweep <= 0:
                self._sweep()
            state = self._resting.get(key, b"")
        if self._ahead and position <= self._ahead.get(key, -1):
            # It moves event time as it did before.
            census.watermark = max(census.watermark, min(time, now))
            return ()
        start = census.watermark - self._reach
        if window is not None or state:
            newest = window.times[-1] if window is not None else resting.newest(state)
            if newest < start:
                # Event time has left it behind, whether it was swept or not.
                self._population.forget(key)
                window, state = None, b""
            else:
                start = newest - self._terms.lateness
        if time < start:
            census.late += 1
            return ()
        if census.watermark < time:
            census.watermark = time if time <= now else max(census.watermark, now)
        self._changed.add(key)
        if window is not None:
            return insertion.enter(window, time, signal_id, user_id, detail)
        if state:
            return self._go_on(key, state, time, signal_id, user_id, detail)
        return self._begin(key, time, signal_id, user_id, detail)

    def _go_on(
        self, key: Key, state: bytes, time: int, signal_id: str, user_id: str, detail: Detail
    ) -> Sequence[Opening]:
        """An entry into a group at rest, which it leaves at rest if it can."""
        terms = self._terms
        more = (
            None
            if resting.count(state) >= _WOKEN and self._population.is_small
            else resting.append(terms, state, time, signal_id, user_id, detail, own(key))
        )
        if more is not None:
            self._resting[key] = more
            # Whether it is too much is asked at sweeps.
            taken = len(more) - len(state)
            terms.memory += taken
            terms.census.memory += taken
            return ()
        window = self._population.wake(key)
        openings = insertion.enter(window, time, signal_id, user_id, detail)
        if key in self._awake:
            window.weigh()
        return openings

    def _begin(self, key: Key, time: int, signal_id: str, user_id: str, detail: Detail) -> Sequence[Opening]:
        """A new group, at rest at once where the condition does not hold at its first entry."""
        if (len(detail) or 1) < self._terms.calm or not self._holds_alone(time, detail):
            self._population.admit(key, resting.one(time, signal_id, user_id, detail, own(key)))
            return ()
        window = tally.window(self._terms)
        openings = window.append(time, signal_id, user_id, detail)
        self._population.admit(key, window)
        return openings

    def _holds_alone(self, time: int, detail: Detail) -> bool:
        self._alone.add(time, detail)
        measure = self._alone.measure()
        self._alone.remove(time, detail)
        return self._terms.holds(measure)

    def _written(self, changed: set[Key]) -> Iterator[tuple[str, bytes | None]]:
        for key in changed:
            position = max(self._census.position, self._ahead.get(key, -1))
            yield from self._population.records(key, position)
        yield from self._population.torn()

    def _sweep(self) -> None:
        """After so many entries that it is a constant cost for each."""
        thinning.forget_over(self._population)
        thinning.lay_to_rest(self._population)
        self._terms.take(0)
        self._ahead = {key: seen for key, seen in self._ahead.items() if seen > self._census.position}
        # Who is in use is not to be woken for each entry: most come again before the next sweep.
        in_use = min(4 * len(self._awake), _LARGEST_SWEEP)
        self._until_sweep = max(_SMALLEST_SWEEP, in_use, len(self) // 64)
