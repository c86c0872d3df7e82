"""Conditions, compiled: one function that tells whether a condition holds for an event."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from secure_signal.core.detection.event import EACH_LEAF, LEAVES, OWN, Event, reader
from secure_signal.core.detection.field import fold
from secure_signal.core.detection.matching import alternatives
from secure_signal.core.detection.matching.condition import (
    AllOf,
    AnyOf,
    Field,
    Keyword,
    Node,
    Not,
    SameAs,
    ValueTest,
)
from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.detection.matching.pattern import Matcher, Pattern, Wildcard

Predicate: TypeAlias = Callable[[Event], bool]


def compile_node(node: Node, known: dict[Node, Predicate] | None = None) -> Predicate:
    """The predicate of a condition; what costs little is asked first.

    ``known`` keeps those of its parts, for other conditions that have the same: a filter's, in each rule.
    """
    known = {} if known is None else known
    if node not in known:
        known[node] = _compiled(node, known)
    return known[node]


def _compiled(node: Node, known: dict[Node, Predicate]) -> Predicate:
    match node:
        case AllOf(parts):
            return _all_of([compile_node(part, known) for part in sorted(parts, key=_turn)])
        case AnyOf(parts):
            return _any_of(_alternatives(sorted(parts, key=_cost), known))
        case Not(part):
            inner = compile_node(part, known)
            return lambda event: not inner(event)
        case Keyword(test):
            return _keyword(test)
        case SameAs():
            return _same_as(node)
        case Field(name, test):
            return _field(name, test)


def _field(name: str, test: ValueTest) -> Predicate:
    match test:
        case Pattern():
            return _texts(name, [test])
        case Expression():
            matches = test.matcher()
            return lambda event: any(map(matches, event.texts(name)))
        case _:
            holds, read = test.test(), reader(name)
            return lambda event: holds(read(event))


def _turn(node: Node) -> tuple[bool, int]:
    """By this the parts of a conjunction are asked: exceptions last, for they seldom decide."""
    return isinstance(node, Not), _cost(node)


def _cost(node: Node) -> int:
    """About how long a part takes, in the time of a comparison."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            return sum(map(_cost, parts))
        case Not(part):
            return _cost(part)
        case Field(test=Expression()):
            return 20
        case Field(test=Pattern() as pattern):
            return 1 if pattern.exact is not None else 2
        case Keyword():
            return 100
        case _:
            return 3


def _all_of(predicates: Sequence[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]
    if len(predicates) == 2:
        first, second = predicates
        return lambda event: first(event) and second(event)

    def holds(event: Event) -> bool:
        for predicate in predicates:  # noqa: SIM110 (a generator costs three times as much here)
            if not predicate(event):
                return False
        return True

    return holds


def _any_of(predicates: Sequence[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]

    def holds(event: Event) -> bool:
        for predicate in predicates:  # noqa: SIM110 (see above)
            if predicate(event):
                return True
        return False

    return holds


def _alternatives(parts: Iterable[Node], known: dict[Node, Predicate]) -> list[Predicate]:
    """One predicate for all the patterns of a field together, one for each other part."""
    patterns: dict[tuple[str, bool], list[Pattern]] = {}
    others = []
    for part in parts:
        match part:
            case Field(name, Pattern() as pattern):
                patterns.setdefault((name, pattern.cased), []).append(pattern)
            case Keyword(Pattern() as pattern) if _is_in_one_leaf(pattern):
                patterns.setdefault((LEAVES, pattern.cased), []).append(_within(pattern))
            case _:
                others.append(compile_node(part, known))
    return [_texts(name, alternatives) for (name, _), alternatives in patterns.items()] + others


def _texts(name: str, patterns: list[Pattern]) -> Predicate:
    """Whether any text of a field matches any pattern (all cased, or none)."""
    matches = alternatives.matcher(patterns)
    if patterns[0].cased:
        return lambda event: any(map(matches, event.texts(name)))
    exact = frozenset(pattern.exact for pattern in patterns)
    if None not in exact and "." not in name and name not in OWN:
        return _equals(name, exact)
    return _folded(name, matches)


def _equals(name: str, exact: frozenset[str | None]) -> Predicate:
    """Whether a member of the payload is one of some texts: what most rules ask, and most often."""

    def holds(event: Event) -> bool:
        value = event.payload.get(name)
        if value.__class__ is str:
            # What is in small letters already is soon told.
            return value in exact or (not (value.islower() and value.isascii()) and fold(value) in exact)
        return value is not None and not exact.isdisjoint(event.folded(name))

    return holds


def _folded(name: str, matches: Matcher) -> Predicate:
    def holds(event: Event) -> bool:
        folds = event.folds
        texts = folds.get(name) if folds is not None else None
        for text in event.folded(name) if texts is None else texts:  # noqa: SIM110 (see above)
            if matches(text):
                return True
        return False

    return holds


def _keyword(test: Pattern | Expression) -> Predicate:
    if isinstance(test, Expression):
        matches = test.matcher()
        return lambda event: any(map(matches, event.leaves()))
    if _is_in_one_leaf(test):
        return _texts(LEAVES, [_within(test)])
    matches = _within(test).matcher()
    if test.cased:
        return lambda event: any(map(matches, event.leaves()))
    return lambda event: any(map(matches, event.folded(EACH_LEAF)))


def _is_in_one_leaf(pattern: Pattern) -> bool:
    """What has no wildcard cannot reach from one leaf into the next: all leaves are searched at once."""
    return pattern.exact is not None and LEAVES not in pattern.exact


def _within(pattern: Pattern) -> Pattern:
    return Pattern((Wildcard.MANY, *pattern.parts, Wildcard.MANY), pattern.cased)


_WHERE: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "contains": str.__contains__,
    "startswith": str.startswith,
    "endswith": str.endswith,
}


def _same_as(node: SameAs) -> Predicate:
    name, other, compare = node.name, node.other, _WHERE[node.where]
    return lambda event: any(
        compare(text, reference) for text in event.folded(name) for reference in event.folded(other)
    )
