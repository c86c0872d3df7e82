"""A backtest: what rules would have found of signals gone by, and what a change of them adds and removes."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from secure_signal.core import instant
from secure_signal.core.anomaly import SEVERITIES, Anomaly, Severity
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry.difference import Change, Difference
from secure_signal.core.detection.rules.ruleset import RuleSet

BLOCK = 1_000
"""Signals that are judged in one go."""


class Outcome(msgspec.Struct, kw_only=True):
    """What came of one rule.

    ``found`` is by the new rules, ``before`` by the old ones. ``moved`` are episodes of both that open at
    different signals, so that found = same + added + moved and before = same + removed + moved; ``examples``
    has the first anomalies of each change. Without old rules all that is found is ``added``.
    """

    rule_id: str
    rule_title: str
    severity: Severity
    found: int = 0
    before: int = 0
    added: int = 0
    removed: int = 0
    moved: int = 0
    examples: dict[Change, list[Anomaly]] = {}

    def count(self, change: Change, anomaly: Anomaly, examples: int) -> None:
        """Count one anomaly."""
        self.found += change is not Change.REMOVED
        self.before += change is not Change.ADDED
        self.added += change is Change.ADDED
        self.removed += change is Change.REMOVED
        self.moved += change is Change.MOVED
        if change is not Change.SAME:
            shown = self.examples.setdefault(change, [])
            if len(shown) < examples:
                shown.append(anomaly)


class Backtest:
    """Judges signals in event-time order by one or two rule sets in one pass.

    Times are in microseconds; ``now`` is when it is done. What is found before ``since`` does not count:
    signals from ``since - warm_up`` on make the windows what they were.
    """

    def __init__(
        self, ruleset: RuleSet, against: RuleSet | None, since: int, now: int, examples: int = 3
    ) -> None:
        self._engines = [Engine(each) for each in (ruleset, against) if each is not None]
        self._since = instant.render(since)
        self._now = now
        self._examples = examples
        self._difference = Difference(
            {c.id: c.timespan for e in reversed(self._engines) for c in e.ruleset.correlations}
        )
        self.signals = 0
        self.outcomes = {
            rule.id: Outcome(rule_id=rule.id, rule_title=rule.title, severity=rule.level)
            for engine in reversed(self._engines)
            for rule in engine.ruleset.rules
            if rule.speaks
        }

    @property
    def errors(self) -> dict[str, int]:
        """How often each rule, by id, failed to be evaluated."""
        return {id_: n for engine in reversed(self._engines) for id_, n in engine.errors.items()}

    def run(self, events: Iterable[Event]) -> Iterator[int]:
        """Judge them all; the time of each block's last signal, for those who watch."""
        stream = iter(events)
        while block := list(islice(stream, BLOCK)):
            found = [self._observe(engine, block) for engine in self._engines]
            self._count(self._difference.compare(found[0], found[1] if len(found) == 2 else ()))
            self.signals += len(block)
            yield block[-1].timestamp
        self._count(self._difference.finish())

    def ranked(self) -> list[Outcome]:
        """The rules that found something, or did before: the gravest first, then the most changed."""
        told = [o for o in self.outcomes.values() if o.found or o.before]
        return sorted(
            told,
            key=lambda o: (-SEVERITIES.index(o.severity), -o.added - o.removed, -o.found, o.rule_title),
        )

    def _observe(self, engine: Engine, block: Sequence[Event]) -> list[Anomaly]:
        found = engine.observe_all(block, self.signals, self._now)
        engine.changes()  # Nobody keeps the state: what changed need not be remembered.
        # RFC 3339 in UTC with six decimals: texts compare as times do.
        return [anomaly for anomaly in found if anomaly.event_time >= self._since]

    def _count(self, changes: Iterable[tuple[Change, Anomaly]]) -> None:
        for change, anomaly in changes:
            self.outcomes[anomaly.rule_id].count(change, anomaly, self._examples)


def warm_up(rulesets: Iterable[RuleSet]) -> int:
    """How long before an instant the signals begin that can matter from there on, in microseconds.

    Whether an episode opens hangs on the evaluation before, which lies a timespan back at most, and whose
    window reaches back as far again. What a correlation of correlations counts needs its own time, and a
    suppression lasts from the anomaly before; how that one came about is not looked into.
    """
    return max((_warm_ups(ruleset) for ruleset in rulesets), default=0)


def _warm_ups(ruleset: RuleSet) -> int:
    needed: dict[str, int] = {}
    # A rule stands behind those that it refers to.
    for rule in ruleset.correlations:
        listed = max((needed.get(slot.rule_id, 0) for slot in rule.slots), default=0)
        needed[rule.id] = 2 * rule.timespan + rule.suppress + listed
    return max(needed.values(), default=0)
