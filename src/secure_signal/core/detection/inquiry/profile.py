"""Which rule costs what: the time that each takes of the engine, signal by signal."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event

Clock = Callable[[], float]


def cost(engine: Engine, event: Event, clock: Clock) -> dict[str, float]:
    """The seconds that each detection rule which the index finds for an event takes to judge it, by its id.

    Judges the event anew and alone, and touches no state: a live engine can be sampled. ``clock`` gives
    seconds, such as ``time.perf_counter``. A rule that fails took the time until it did.
    """
    seconds: dict[str, float] = {}
    for candidate in engine.candidates(event):
        begun = clock()
        with suppress(Exception):  # The engine counts it when it judges.
            candidate.holds(event)
        seconds[candidate.rule.id] = clock() - begun
    return seconds


@dataclass
class Profile:
    """What a stream of events cost, by the ids of rules: seconds, and at how many events the rule was tried.

    A correlation is tried at each of its entries. ``lookup`` are the seconds that it took to find which
    rules to try, and to make entries.
    """

    signals: int = 0
    lookup: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)
    tried: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> float:
        """All seconds."""
        return self.lookup + sum(self.seconds.values())

    def add(self, engine: Engine, event: Event, position: int, clock: Clock) -> None:
        """Judge an event and enter what came of it, as the engine does, and take the time of each step."""
        begun = clock()
        _, matches = engine.judge(event, event.timestamp)
        judged = clock() - begun
        costs = cost(engine, event, clock)
        self.signals += 1
        self.lookup += max(0.0, judged - sum(costs.values()))
        for rule, seconds in costs.items():
            self._count(rule, seconds)
        for match in matches:
            begun = clock()
            engine.enter(match, position, event.timestamp)
            self._count(match.correlation, clock() - begun)
        engine.changes()  # Nobody keeps the state: what changed need not be remembered.

    def _count(self, rule: str, seconds: float) -> None:
        self.seconds[rule] = self.seconds.get(rule, 0.0) + seconds
        self.tried[rule] += 1
