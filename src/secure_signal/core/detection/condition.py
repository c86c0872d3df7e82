"""A detection's condition: a tree of what is asked, and its compilation to one predicate."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from msgspec import Struct

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.expression import Expression
from secure_signal.core.detection.field import fold
from secure_signal.core.detection.pattern import Pattern, Wildcard
from secure_signal.core.detection.value import Comparison, Network, Number, Present, TimePart

Predicate = Callable[[Event], bool]
ValueTest: TypeAlias = Pattern | Expression | Present | Number | Comparison | Network | TimePart


class AllOf(Struct, frozen=True, tag=True):
    """Every part holds."""

    parts: tuple["Node", ...]


class AnyOf(Struct, frozen=True, tag=True):
    """At least one part holds."""

    parts: tuple["Node", ...]


class Not(Struct, frozen=True, tag=True):
    """The part does not hold."""

    part: "Node"


class Field(Struct, frozen=True, tag=True):
    """A field's value passes a test; a missing field passes none but Present(False)."""

    name: str
    test: ValueTest


class Keyword(Struct, frozen=True, tag=True):
    """Any scalar of the payload has the pattern within it."""

    test: Pattern | Expression


class SameAs(Struct, frozen=True, tag=True):
    """A field's text equals another's, begins or ends with it, or contains it (``where``), case aside."""

    name: str
    other: str
    where: str = "equals"


Node: TypeAlias = AllOf | AnyOf | Not | Field | Keyword | SameAs


def expressions(node: Node) -> Iterator[Expression]:
    """Every regular expression in a condition."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from expressions(part)
        case Not(part):
            yield from expressions(part)
        case Field(test=Expression() as test) | Keyword(test=Expression() as test):
            yield test


def compile_node(node: Node) -> Predicate:
    """One function that tells whether the condition holds for an event."""
    match node:
        case AllOf(parts):
            return _all_of([compile_node(part) for part in parts])
        case AnyOf(parts):
            return _any_of(_compile_alternatives(parts))
        case Not(part):
            inner = compile_node(part)
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
            holds = test.test()
            return lambda event: holds(event.value(name))


def _all_of(predicates: list[Predicate]) -> Predicate:
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


def _any_of(predicates: list[Predicate]) -> Predicate:
    if len(predicates) == 1:
        return predicates[0]

    def holds(event: Event) -> bool:
        for predicate in predicates:  # noqa: SIM110 (see above)
            if predicate(event):
                return True
        return False

    return holds


def _compile_alternatives(parts: Iterable[Node]) -> list[Predicate]:
    """One predicate for all the patterns of a field together, one for each other part."""
    patterns: dict[tuple[str, bool], list[Pattern]] = {}
    others = []
    for part in parts:
        match part:
            case Field(name, Pattern() as pattern):
                patterns.setdefault((name, pattern.cased), []).append(pattern)
            case _:
                others.append(compile_node(part))
    return [_texts(name, alternatives) for (name, _), alternatives in patterns.items()] + others


def _texts(name: str, patterns: list[Pattern]) -> Predicate:
    """Whether any text of a field matches any pattern (all cased, or none)."""
    read = Event.texts if patterns[0].cased else Event.folded
    exact = frozenset(p.exact for p in patterns if p.exact is not None)
    matchers = [p.matcher() for p in patterns if p.exact is None]

    def holds(event: Event) -> bool:
        for text in read(event, name):
            if text in exact:
                return True
            for matches in matchers:
                if matches(text):
                    return True
        return False

    return holds


def _keyword(test: Pattern | Expression) -> Predicate:
    if isinstance(test, Expression):
        matches = test.matcher()
        return lambda event: any(map(matches, event.leaves()))
    within = Pattern((Wildcard.MANY, *test.parts, Wildcard.MANY), test.cased).matcher()
    if test.cased:
        return lambda event: any(map(within, event.leaves()))
    return lambda event: any(within(fold(leaf)) for leaf in event.leaves())


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
