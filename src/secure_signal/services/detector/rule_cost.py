"""What each rule costs, by a sample: of a thousand signals one is judged again, rule by rule, on a clock."""

from collections.abc import Callable, Sequence

import structlog

from secure_signal.core.detection import event
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry.profile import cost
from secure_signal.services.detector import metrics

_EVERY = 1_000
# A search by backtracking is given up after 5 ms.
_SLOW = 0.004

log = structlog.get_logger()


class RuleCost:
    """Counts the seconds of each rule; ``clock`` gives seconds.

    A sample stands for all records since the one before, and so the counter is about what the rule takes
    altogether. Only rules of the set in force are counted.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._unsampled = 0
        self._due = 1  # The first one at once, so that rules have their series early.
        self._ruleset = ""
        self._counted: set[str] = set()
        self._slow: set[str] = set()

    def add(self, engine: Engine, values: Sequence[bytes]) -> None:
        """Records were judged; the last of them is sampled, if it is time."""
        self._unsampled += len(values)
        if self._unsampled < self._due:
            return
        weight, self._unsampled, self._due = self._unsampled, 0, _EVERY
        self._forget_others(engine)
        (sampled,) = event.read(values[-1:])
        if isinstance(sampled, Event):
            # Twice, and the lesser counts: meanwhile the processor may have been somebody else's.
            first, again = (cost(engine, sampled, self._clock) for _ in range(2))
            for rule, seconds in first.items():
                self._count(rule, min(seconds, again[rule]), weight)

    def _count(self, rule: str, seconds: float, weight: int) -> None:
        self._counted.add(rule)
        metrics.RULE_SECONDS.labels(rule).inc(max(0.0, seconds) * weight)
        if seconds > _SLOW and rule not in self._slow:
            self._slow.add(rule)
            log.warning("a rule is slow: it holds all others up", rule=rule, seconds=round(seconds, 4))

    def _forget_others(self, engine: Engine) -> None:
        """The rules that are not in force any more."""
        if engine.ruleset.hash == self._ruleset:
            return
        self._ruleset = engine.ruleset.hash
        self._slow.clear()
        for rule in self._counted - {rule.id for rule in engine.ruleset.rules}:
            self._counted.discard(rule)
            metrics.RULE_SECONDS.remove(rule)
