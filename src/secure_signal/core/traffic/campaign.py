"""The attackers: every kind in turn, at a pace that leaves most of the traffic to others."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import NamedTuple

from secure_signal.core import identity
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal
from secure_signal.core.traffic.actions import Step
from secure_signal.core.traffic.attacks import KINDS
from secure_signal.core.traffic.attacks.opportunity import Opportunity
from secure_signal.core.traffic.emission import Emission, signal
from secure_signal.core.traffic.label import Label
from secure_signal.core.traffic.population import Population

# Seconds: until the first attack, and from one to the next.
_FIRST_AFTER = 2.0
_MEAN_INTERVAL = 8.0
# The part of all signals that attacks may be, and the signals of a mean attack.
_MAX_SHARE = 0.15
_MEAN_SIZE = 15


class Deed(NamedTuple):
    """One step of an attack or of its victim, and the signal that tells of it."""

    due: int
    step: Step
    signal: Signal


class Campaign:
    """Attacks under way: their labels as they start, their emissions as they fall due.

    ``end`` is an instant that every attack ends before, or None. Attacks keep their own time at any
    rate; ``made`` counts their signals, for the rest of the traffic to make room.
    """

    def __init__(self, rng: Random, population: Population, rate: float, start: int, end: int | None) -> None:
        self.made = 0
        self._rng = rng
        self._opportunity = Opportunity(rng, population)
        self._interval = max(_MEAN_INTERVAL, _MEAN_SIZE / (rate * _MAX_SHARE))
        self._next = start + int(_FIRST_AFTER * SECOND)
        self._end = end
        self._kinds = self._rounds()
        self._pending: list[tuple[int, int, Emission]] = []
        self._numbers = count()

    def until(self, instant: int) -> Iterator[Emission | Label]:
        """What falls due up to an instant: first the labels of new attacks, then signals in order."""
        while self._next <= instant:
            yield from self._launch(next(self._kinds), self._next)
            self._next += int(self._rng.uniform(0.6, 1.4) * self._interval * SECOND)
        while self._pending and self._pending[0][0] <= instant:
            self.made += 1
            yield heappop(self._pending)[2]

    def _rounds(self) -> Iterator[str]:
        """Every kind once, then every kind again in another order, for ever."""
        kinds = list(KINDS)
        while True:
            yield from kinds
            self._rng.shuffle(kinds)

    def _launch(self, kind: str, instant: int) -> Iterator[Label]:
        self._opportunity.instant = instant
        attack = [Deed(t, step, signal(self._rng, step, t)) for t, step in self._plan(kind, instant)]
        if self._end is not None and attack[-1].due >= self._end:
            return
        label = _label(identity.uuid7(instant, self._rng.getrandbits(74)), kind, attack)
        yield label
        for due, step, made in attack:
            emission = Emission(due, made, label.id if step.malicious else None)
            heappush(self._pending, (due, next(self._numbers), emission))

    def _plan(self, kind: str, instant: int) -> Iterator[tuple[int, Step]]:
        for step in KINDS[kind](self._opportunity):
            instant += int(step.wait * SECOND)
            yield instant, step


def _label(label_id: str, kind: str, attack: list[Deed]) -> Label:
    own = [deed for deed in attack if deed.step.malicious]
    addresses = {deed.step.payload["ip"] for deed in own}
    return Label(
        id=label_id,
        kind=kind,
        start=own[0].due,
        end=own[-1].due,
        user_ids=list(dict.fromkeys(deed.step.user_id for deed in own)),
        ip=addresses.pop() if len(addresses) == 1 else None,
        signal_ids=[deed.signal.id for deed in own],
    )
