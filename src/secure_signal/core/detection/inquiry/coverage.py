"""Rule coverage: which records each rule set evaluated. It answers "was this rule on when it happened?"."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from secure_signal.core.detection.rules.rule_list import RuleHead, RuleList
from secure_signal.core.instant import SECOND

KEPT = 90 * 24 * 3600 * SECOND
"""How long a run is remembered after its last record arrived, in microseconds."""

_MOST = 1_000


class Run(msgspec.Struct, frozen=True):
    """The records of a partition from offset ``first`` to before ``next``: one rule set evaluated them all.

    ``topic_id`` is Kafka's; ``ruleset`` is the rule set's hash; ``since`` and ``until`` are when the first
    and the last record arrived (microseconds). What was evaluated twice, as after a crash, is in two runs.
    """

    topic: str
    partition: int
    topic_id: str
    ruleset: str
    first: int
    next: int
    since: int = 0
    until: int = 0

    def covers(self, partition: int, offset: int) -> bool:
        """Whether that record is in it."""
        return self.partition == partition and self.first <= offset < self.next

    def joins(self, other: "Run") -> bool:
        """Whether both are of one rule set, and nothing lies between them."""
        same = (self.topic, self.partition, self.topic_id, self.ruleset) == (
            other.topic,
            other.partition,
            other.topic_id,
            other.ruleset,
        )
        return same and self.first <= other.next and other.first <= self.next

    def joined(self, other: "Run") -> "Run":
        """Both as one; an empty one has no times."""
        full = [run for run in (self, other) if run.first < run.next]
        return msgspec.structs.replace(
            self,
            first=min(self.first, other.first),
            next=max(self.next, other.next),
            since=min((run.since for run in full), default=0),
            until=max((run.until for run in full), default=0),
        )


class Runs:
    """The runs of one task while it reads, the last of them growing; keys tell those of its owner apart.

    Times are in microseconds. A run is saved no later than the task's marker: it claims nothing that was not
    evaluated, and the marker goes over nothing that no run claims.
    """

    def __init__(self, begin: Run, owner: str) -> None:
        self._begin = begin
        self._owner = owner
        self._kept: dict[str, Run] = {}
        self._unsaved: dict[str, Run] = {}
        self._next, self._since, self._until = begin.next, begin.since, begin.until

    def resume(self, saved: Mapping[str, Run]) -> list[str]:
        """Go on after the runs that former owners saved; keys that are of no use once this one is saved."""
        self._kept = dict(sorted(saved.items(), key=lambda item: item[1].next))
        run, absorbed = self._begin, []
        for key, other in reversed(self._kept.items()):
            # One that goes further is of an owner who died: here it is evaluated again.
            if other.joins(run) and other.next <= self._next:
                run = run.joined(other)
                absorbed.append(key)
        for key in absorbed:
            del self._kept[key]
        self._set(run)
        return [*absorbed, *self._outlived()]

    def reach(self, next_offset: int, arrival: int) -> None:
        """A record that arrived then was evaluated, and all that was before ``next_offset``."""
        self._next = next_offset
        self._since = self._since or arrival
        self._until = arrival

    def turn_to(self, ruleset: str) -> list[str]:
        """From the next record on another rule set evaluates; keys that are of no use any more."""
        run = self._end()
        self._set(
            msgspec.structs.replace(run, ruleset=ruleset, first=self._next, next=self._next, since=0, until=0)
        )
        return self._outlived()

    def unsaved(self) -> dict[str, Run]:
        """What may have changed since the last call, by key."""
        self._end()
        changed, self._unsaved = self._unsaved, {}
        return changed

    def _set(self, run: Run) -> None:
        self._begin = run
        self._next, self._since, self._until = run.next, run.since, run.until

    def _end(self) -> Run:
        """The run as it is now; an empty one is not kept."""
        run = msgspec.structs.replace(self._begin, next=self._next, since=self._since, until=self._until)
        if run.first < run.next:
            key = f"{run.first:020}-{run.ruleset}-{self._owner}"
            self._kept[key] = self._unsaved[key] = run
        return run

    def _outlived(self) -> list[str]:
        """Forget the runs that are too old, or too many."""
        newest = max((run.until for run in self._kept.values()), default=0)
        old = [key for key, run in self._kept.items() if run.until < newest - KEPT]
        surplus = [key for key in self._kept if key not in old][: max(0, len(self._kept) - len(old) - _MOST)]
        for key in (*old, *surplus):
            del self._kept[key]
            self._unsaved.pop(key, None)
        return [*old, *surplus]


def merged(runs: Iterable[Run]) -> list[Run]:
    """The same coverage in as few runs as can be, by partition and offset."""
    found: list[Run] = []
    order = sorted(runs, key=lambda r: (r.topic, r.partition, r.topic_id, r.ruleset, r.first))
    for run in order:
        if found and found[-1].joins(run):
            found[-1] = found[-1].joined(run)
        else:
            found.append(run)
    return sorted(found, key=lambda r: (r.topic, r.partition, r.since, r.first))


@dataclass(frozen=True)
class Evaluation:
    """A run, and the rule as it stood in that run's rule set: ``rule`` is None where it was not in it.

    ``known`` is False where nobody remembers what that rule set contained.
    """

    run: Run
    rule: RuleHead | None
    known: bool = True


@dataclass(frozen=True)
class Presence:
    """Whether a rule was on: in all of these evaluations, in none, or in some of them only.

    ``on`` is None where some have it and some have not, or where there is no evaluation that is known.
    """

    evaluations: tuple[Evaluation, ...]

    @property
    def on(self) -> bool | None:
        """True or False where all that is known of says so."""
        answers = {each.rule is not None for each in self.evaluations if each.known}
        return answers.pop() if len(answers) == 1 else None


@dataclass(frozen=True)
class Coverage:
    """All runs that are remembered, and the rules of their rule sets by hash."""

    runs: tuple[Run, ...]
    rule_lists: Mapping[str, RuleList]

    def was_on(self, rule_id: str, topic: str, partition: int, offset: int) -> Presence:
        """Whether a rule was among those that evaluated one record (of ``signal-events``, mostly)."""
        runs = (run for run in self.runs if run.topic == topic and run.covers(partition, offset))
        return self._presence(rule_id, runs)

    def was_on_between(self, rule_id: str, topic: str, since: int, until: int) -> Presence:
        """Whether it was when records of that arrival time (microseconds, both included) were evaluated."""
        runs = (run for run in self.runs if run.topic == topic and run.since <= until and since <= run.until)
        return self._presence(rule_id, runs)

    def _presence(self, rule_id: str, runs: Iterable[Run]) -> Presence:
        return Presence(tuple(self.evaluation(rule_id, run) for run in runs))

    def evaluation(self, rule_id: str, run: Run) -> Evaluation:
        """What a run had of a rule."""
        known = self.rule_lists.get(run.ruleset)
        return Evaluation(run, known.get(rule_id) if known else None, known is not None)
