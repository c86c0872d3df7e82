"""What a condition asks of a signal's type: known once the type is, and not asked again at each signal."""

from secure_signal.core.detection.matching.condition import AllOf, AnyOf, Field, Node, Not
from secure_signal.core.detection.matching.pattern import Pattern

ALWAYS = AllOf(())
NEVER = AnyOf(())


def types_of(node: Node) -> frozenset[str] | None:
    """The types, without their case, that a condition names; None where others may match it too."""
    match node:
        case AllOf(parts):
            named = [types for types in map(types_of, parts) if types is not None]
            return frozenset.intersection(*named) if named else None
        case AnyOf(parts):
            alternatives = [types_of(part) for part in parts]
            known = [types for types in alternatives if types is not None]
            return frozenset().union(*known) if len(known) == len(alternatives) else None
        case Field("type", Pattern(cased=False) as pattern) if pattern.exact is not None:
            return frozenset({pattern.exact})
        case _:
            return None


def given(node: Node, kind: str) -> Node:
    """What is left of a condition for signals of a type, given without its case."""
    match node:
        case AllOf(parts):
            rest = [part for part in (given(p, kind) for p in parts) if part != ALWAYS]
            return NEVER if NEVER in rest else rest[0] if len(rest) == 1 else AllOf(tuple(rest))
        case AnyOf(parts):
            rest = [part for part in (given(p, kind) for p in parts) if part != NEVER]
            return ALWAYS if ALWAYS in rest else rest[0] if len(rest) == 1 else AnyOf(tuple(rest))
        case Not(part):
            inner = given(part, kind)
            return NEVER if inner == ALWAYS else ALWAYS if inner == NEVER else Not(inner)
        case Field("type", Pattern(cased=False) as pattern):
            return ALWAYS if pattern.matcher()(kind) else NEVER
        case _:
            return node
