"""Correlations judged anew from all that came before, slowly: what the engine's windows have to equal.

It knows rules as plain values, and shares nothing with the engine but how an anomaly's id is made.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import Any

from secure_signal.core import identity
from secure_signal.core.instant import SECOND

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "eq": lambda a, b: a == b,
    "neq": lambda a, b: a != b,
}

# A boolean condition: a rule's name, or ("not", x), ("and", x, y, …), ("or", x, y, …).
Tree = Any


@dataclass(frozen=True)
class Rule:
    """A correlation; times in seconds. ``condition`` is a Tree or has comparisons by their operators."""

    name: str
    kind: str
    rules: tuple[str, ...]
    group_by: tuple[str, ...]
    timespan: int
    condition: Any
    field: str = ""
    suppress: int = 0
    percentile: int = 50

    def yaml(self, number: int) -> str:
        """It as a Sigma document."""
        condition = self.condition
        if isinstance(condition, dict):
            condition = {**condition, **({"field": self.field} if self.field else {})}
            if self.kind == "value_percentile":
                condition["percentile"] = self.percentile
        else:
            condition = written(condition)
        correlation = {
            "type": self.kind,
            "rules": list(self.rules),
            "group-by": list(self.group_by),
            "timespan": f"{self.timespan}s",
            "condition": condition,
            "generate": True,
        }
        extension = f"secure_signal: {{suppress: {self.suppress}s}}\n" if self.suppress else ""
        return (
            f"title: {self.name}\nid: 00000000-0000-4000-8000-{number:012}\nname: {self.name}\n"
            f"correlation: {correlation!r}\n{extension}"
        ).replace("True", "true")


def written(tree: Tree) -> str:
    """A boolean condition as Sigma has it."""
    if isinstance(tree, str):
        return tree
    operator, *parts = tree
    if operator == "not":
        return f"not ({written(parts[0])})"
    return f" {operator} ".join(f"({written(part)})" for part in parts)


@dataclass(frozen=True)
class Entry:
    """What comes into a group's window, or what was found: ``fields`` are what rules can see of it.

    ``signal`` is the id of the signal that completed what was found.
    """

    time: int
    id: str
    user: str
    fields: dict[str, Any]
    slots: tuple[str, ...] = ()
    signal: str = ""

    @property
    def completing(self) -> str:
        """The id of the signal itself, or of that which completed what was found."""
        return self.signal or self.id


@dataclass(frozen=True)
class Found:
    """An anomaly, as far as it is compared."""

    rule: str
    group: tuple[Any, ...]
    time: int
    user: str
    evidence: tuple[str, ...]


@dataclass
class Judge:
    """Takes signals as they come and gives what each makes the rules find.

    An anomaly is made of an episode as soon as there is one that none was made at, and counts where its rule
    is listed, whatever comes later.

    ``local`` are the rules whose groups lie within a user, ``carrying`` those of whose signals others ask
    more than the group, ``detections`` those that are no correlations.
    """

    rules: list[Rule]
    ids: dict[str, str]
    local: set[str]
    carrying: set[str]
    detections: list[str]
    suppressed: int = 0
    _groups: dict[tuple[str, tuple[Any, ...]], "Evaluations"] = field(default_factory=dict)
    _told: dict[tuple[str, tuple[Any, ...]], int] = field(default_factory=dict)

    def see(self, signal: Entry) -> Iterator[Found]:
        """What a signal makes the rules find: those within its user first."""
        matched = [name for name in self.detections if name in signal.slots]
        named = {rule.name: rule for rule in self.rules}
        fed = [rule.name for name in matched for rule in self.rules if name in rule.rules]
        # What only one detection can feed, with nothing to carry, comes first.
        late = {
            name
            for name in fed
            if name in self.carrying or len(set(self.detections) & set(named[name].rules)) > 1
        }
        entered = dict.fromkeys(sorted(fed, key=lambda name: name in late))
        others: list[tuple[Rule, tuple[str, ...], Entry]] = []
        for name in entered:
            rule = named[name]
            slots = tuple(each for each in rule.rules if each in signal.slots)
            if name in self.local:
                yield from self._follow(rule, slots, signal, others)
            else:
                others.append((rule, slots, signal))
        for each in others:
            yield from self._follow(*each, None)

    def _follow(
        self,
        rule: Rule,
        slots: tuple[str, ...],
        entry: Entry,
        others: list[tuple[Rule, tuple[str, ...], Entry]] | None,
    ) -> Iterator[Found]:
        """An entry and all that comes of it, to the end of the chains; what users share goes to others."""
        pending = [(rule, slots, entry)]
        for rule, slots, entry in pending:
            if others is not None and rule.name not in self.local:
                others.append((rule, slots, entry))
                continue
            openings: list[Entry] = []
            yield from self._enter(rule, slots, entry, openings)
            pending += [
                (outer, (rule.name,), found)
                for found in openings
                for outer in self.rules
                if rule.name in outer.rules
            ]

    def _enter(
        self, rule: Rule, slots: tuple[str, ...], entry: Entry, openings: list[Entry]
    ) -> Iterator[Found]:
        group = tuple(entry.user if name == "user_id" else entry.fields.get(name) for name in rule.group_by)
        if None in group:
            return
        key = rule.name, group
        evaluations = self._groups.setdefault(key, Evaluations(rule))
        for window in evaluations.add(replace(entry, slots=slots)):
            last = window[-1]
            name = identity.of_anomaly(self.ids[rule.name], group, last.user, last.time, last.id)
            # What the group does not tell is the completing signal's.
            fields = {**last.fields, **dict(zip(rule.group_by, group, strict=True))}
            openings.append(Entry(last.time, name, last.user, fields, signal=last.completing))
            told = self._told.get(key)
            if told is not None and abs(last.time - told) < rule.suppress * SECOND:
                self.suppressed += 1
                continue
            self._told[key] = max(last.time, told or 0)
            evidence = _each_once(e.completing for e in window)
            yield Found(rule.name, group, last.time, last.user, evidence)


class Evaluations:
    """All that came into a group, by its time, and whether the condition holds at each."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule
        self.entries: list[Entry] = []
        self.holds: list[bool] = []
        self.told: set[str] = set()

    def add(self, entry: Entry) -> list[list[Entry]]:
        """The windows that open episodes of which nothing was told, now that there is an entry more."""
        place = bisect_right([e.time for e in self.entries], entry.time)
        self.entries.insert(place, entry)
        self.holds.insert(place, False)
        for n in range(place, len(self.entries)):
            if self.entries[n].time <= entry.time + self.rule.timespan * SECOND:
                self.holds[n] = satisfied(self.rule, self.window(n))
        opened = [
            each[0] for each in self.episodes() if self.told.isdisjoint(self.entries[n].id for n in each)
        ]
        self.told.update(self.entries[n].id for n in opened)
        return [self.window(n) for n in opened]

    def window(self, number: int) -> list[Entry]:
        """Those that count at an entry."""
        start = self.entries[number].time - self.rule.timespan * SECOND
        return [e for e in self.entries[: number + 1] if e.time >= start]

    def episodes(self) -> Iterator[list[int]]:
        """The longest stretches at which the condition holds, and whose windows reach each other."""
        stretch: list[int] = []
        for n, held in enumerate(self.holds):
            if stretch and not (held and len(self.window(n)) > 1):
                yield stretch
                stretch = []
            stretch += [n] * held
        if stretch:
            yield stretch


def _each_once(ids: Iterable[str]) -> tuple[str, ...]:
    """Ids where they stand for the last time."""
    told = [*ids]
    return tuple(id_ for n, id_ in enumerate(told) if id_ not in told[n + 1 :])


def satisfied(rule: Rule, window: list[Entry]) -> bool:
    """Whether a rule's condition holds over a window."""
    if not isinstance(rule.condition, dict):
        return any(
            _true(rule, rule.condition, set(chosen), window)
            and (rule.kind == "temporal" or _rises(window, chosen))
            for size in range(len(rule.rules) + 1)
            for chosen in combinations(rule.rules, size)
            if all(any(name in e.slots for e in window) for name in chosen)
        )
    measure = _measure(rule, window)
    return measure is not None and all(
        OPERATORS[operator](measure, limit) for operator, limit in rule.condition.items()
    )


def _true(rule: Rule, tree: Tree, chosen: set[str], window: list[Entry], wanted: bool = True) -> bool:
    """With these rules taken as met; a rule is not met only if the whole window is without it."""
    if isinstance(tree, str):
        return tree in chosen if wanted else not any(tree in e.slots for e in window)
    operator, *parts = tree
    if operator == "not":
        return _true(rule, parts[0], chosen, window, not wanted)
    among = all if (operator == "and") is wanted else any
    return among(_true(rule, part, chosen, window, wanted) for part in parts)


def _rises(window: list[Entry], names: tuple[str, ...]) -> bool:
    """Whether entries of these rules, one each, can be picked at strictly rising times."""
    last = -1
    for name in names:
        times = [e.time for e in window if name in e.slots and e.time > last]
        if not times:
            return False
        last = min(times)
    return True


def _measure(rule: Rule, window: list[Entry]) -> Any:
    values = [e.user if rule.field == "user_id" else e.fields.get(rule.field) for e in window]
    match rule.kind:
        case "event_count":
            return len(window)
        case "value_count":
            return len({v for v in values if v is not None})
        case "temporal":
            return len({name for e in window for name in e.slots})
        case "temporal_ordered":
            names = rule.rules
            return max(
                n for n in range(len(names) + 1) if any(_rises(window, c) for c in combinations(names, n))
            )
    numbers = sorted(Fraction(str(v)) for v in values if isinstance(v, int | float))
    if not numbers:
        return None
    match rule.kind:
        case "value_sum":
            return sum(numbers)
        case "value_avg":
            return sum(numbers) / len(numbers)
    # Linear between those on both sides of the rank.
    below, part = divmod((len(numbers) - 1) * Fraction(rule.percentile, 100), 1)
    above = numbers[min(int(below) + 1, len(numbers) - 1)]
    return numbers[int(below)] * (1 - part) + above * part
