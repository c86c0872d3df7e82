"""A detection's condition: a tree of what is asked of a signal."""

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.detection.matching.pattern import Pattern
from secure_signal.core.detection.matching.value import Comparison, Network, Number, Present, TimePart

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


def leaves(node: Node) -> Iterator[Field | Keyword | SameAs]:
    """Everything that is asked in a condition."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case _:
            yield node


def expressions(node: Node) -> Iterator[Expression]:
    """Every regular expression in a condition."""
    for leaf in leaves(node):
        match leaf:
            case Field(test=Expression() as test) | Keyword(test=Expression() as test):
                yield test
