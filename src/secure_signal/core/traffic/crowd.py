"""The many who just work: always as many of them as the rate asks for."""

from collections.abc import Iterator
from heapq import heappop, heappush
from random import Random

from secure_signal.core.instant import SECOND
from secure_signal.core.traffic.actions import Step
from secure_signal.core.traffic.near_misses import scene
from secure_signal.core.traffic.population import Population
from secure_signal.core.traffic.sessions import ordinary, visit

_ODD_SHARE = 0.12


class Crowd:
    """Open sessions, each with the step that its user will do next, and when."""

    def __init__(self, rng: Random, population: Population) -> None:
        self._rng = rng
        self._population = population
        self._busy: set[int] = set()
        self._sessions: list[tuple[int, int, Step, Iterator[Step]]] = []

    def step(self, instant: int) -> Step:
        """What happens at this instant: the longest due step or, where none is due, somebody comes."""
        if not self._sessions or self._sessions[0][0] > instant:
            self._enter(instant)
        _, number, step, session = heappop(self._sessions)
        if following := next(session, None):
            due = instant + int(following.wait * SECOND)
            heappush(self._sessions, (due, number, following, session))
        else:
            self._busy.remove(number)
        return step

    def _enter(self, instant: int) -> None:
        user = self._population.awake(self._rng, instant)
        while user.number in self._busy:
            user = self._population.awake(self._rng, instant)
        odd = self._rng.random() < _ODD_SHARE
        play = scene(self._rng, user) if odd else ordinary
        session = play(visit(self._rng, self._population, user, instant))
        self._busy.add(user.number)
        heappush(self._sessions, (instant, user.number, next(session), session))
