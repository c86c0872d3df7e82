"""A trial: an example run through the engine, and in what its outcome differs from what was expected."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.inquiry import reach, shortfall
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.sigma import timespan
from secure_signal.core.detection.sigma.example import Example
from secure_signal.core.detection.windowing.match import Scalar

_MAX_SHOWN = 5


@dataclass(frozen=True)
class Trial:
    """What a rule found of an example's signals, how often it failed to be evaluated, and why it is no trial.

    ``idle``: whatever the signals say, the rule finds nothing; empty where it can.
    """

    rule: Detection | Correlation
    example: Example
    found: tuple[Anomaly, ...]
    errors: int
    idle: str

    @property
    def passed(self) -> bool:
        """Whether it found what the example says, in any order; a rule that is idle cannot be tried."""
        if self.errors or self.idle or self.groups_differ:
            return False
        return len(self.found) == self.example.finds

    @property
    def groups_differ(self) -> bool:
        """Whether the groups are others than those that the example lists."""
        wanted = self.example.groups
        return wanted is not None and _tally(wanted) != _tally(a.group for a in self.found)


def run(ruleset: RuleSet, rule: Detection | Correlation, example: Example) -> Trial:
    """The example's signals in the order of their times, each judged at its time, by a fresh engine."""
    engine = Engine(ruleset)
    anomalies = [
        anomaly
        for position, each in enumerate(example.stream())
        for anomaly in engine.observe(each, position, each.timestamp)
    ]
    found = tuple(anomaly for anomaly in anomalies if anomaly.rule_id == rule.id)
    return Trial(rule, example, found, engine.errors[rule.id], _idle(ruleset, rule, example))


def _idle(ruleset: RuleSet, rule: Detection | Correlation, example: Example) -> str:
    """Why no signals like these can make the rule find anything, so that finding nothing proves nothing."""
    if not rule.speaks:
        by = [c.title for c in ruleset.correlations if any(slot.rule_id == rule.id for slot in c.slots)]
        return (
            f"the rule is silent: what it finds is counted by {', '.join(by)}; "
            "write `generate: true` there, or move the tests there"
        )
    types = {burst.type for burst in example.signals}
    if not reach.reaches(rule, ruleset):
        return "no signal reaches the rule: its log source has no type, or a placeholder no values"
    if not any(map(ruleset.logsources.of, types)):
        return f"no rule looks at any of these signals: no log source is mapped to {', '.join(sorted(types))}"
    return ""


def differences(trial: Trial, ruleset: RuleSet) -> Iterator[str]:
    """Lines for a person: expected and found, and, where too little was found, what stands in the way."""
    example, found = trial.example, trial.found
    if trial.errors:
        yield f"the rule failed to be evaluated {trial.errors} times"
    if trial.idle:
        yield trial.idle
    if len(found) != example.finds:
        yield f"expected {_count(example.finds)}, found {_count(len(found))}"
    elif trial.groups_differ:
        yield f"found {_count(len(found))} as expected, but the groups differ"
    for anomaly in found[:_MAX_SHOWN]:
        at = instant.parse(anomaly.event_time) - instant.from_datetime(example.start)
        yield f"  found at {timespan.render(at)}, {anomaly.evidence[-1]}: {anomaly.summary}"
    if len(found) > _MAX_SHOWN:
        yield f"  … and {len(found) - _MAX_SHOWN} more"
    if example.groups is not None:
        yield from _group_differences(_tally(example.groups), _tally(a.group for a in found))
    if len(found) < example.finds:
        for line in shortfall.reasons(ruleset, trial.rule, example.stream()):
            yield f"  {line}"


_Group = frozenset[tuple[str, str]]


def _tally(groups: Iterator[dict[str, Scalar]] | tuple[dict[str, Scalar], ...]) -> Counter[_Group]:
    """How often each group is there; 1, true and "1" stay apart."""
    return Counter(frozenset((name, repr(value)) for name, value in group.items()) for group in groups)


def _group_differences(wanted: Counter[_Group], found: Counter[_Group]) -> Iterator[str]:
    for group, times in (wanted - found).items():
        yield f"  expected the group {_spelt(group)}, and did not find it ({times} ×)"
    for group, times in (found - wanted).items():
        yield f"  found the group {_spelt(group)}, and did not expect it ({times} ×)"


def _spelt(group: _Group) -> str:
    return "{" + ", ".join(f"{name}: {value}" for name, value in sorted(group)) + "}"


def _count(number: int) -> str:
    return "1 anomaly" if number == 1 else f"{number} anomalies"
