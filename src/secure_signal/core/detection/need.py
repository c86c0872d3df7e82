"""What a signal must have for a condition to have a chance: read off the condition once, indexed after.

A need is a set of clues, at least one of which is in every signal that matches.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

from secure_signal.core.detection.condition import AllOf, AnyOf, Field, Node, SameAs
from secure_signal.core.detection.field import fold, text
from secure_signal.core.detection.pattern import Pattern
from secure_signal.core.detection.value import Number, Present


class Clue(Enum):
    """How a text must be in a field: as the whole value, somewhere in it, or any at all."""

    WHOLE = auto()
    WITHIN = auto()
    ANY = auto()


@dataclass(frozen=True)
class Literal:
    """A folded text that must be in a field."""

    field: str
    clue: Clue
    text: str = ""

    @property
    def rarity(self) -> int:
        """A guess at how few signals have it: the longer the rarer, and a whole value rarer than a part."""
        if self.clue is Clue.ANY or self.field == "type":
            return 0  # The log source has seen to the type already.
        return len(self.text) + (4 if self.clue is Clue.WHOLE else 0)


Need: TypeAlias = frozenset[Literal]


def of(node: Node) -> Need | None:
    """A condition's need; None when any signal may match it."""
    match node:
        case AllOf(parts):
            needs = [need for need in map(of, parts) if need is not None]
            return max(needs, key=_worth, default=None)
        case AnyOf(parts):
            alternatives = [of(part) for part in parts]
            known = [need for need in alternatives if need is not None]
            return frozenset().union(*known) if len(known) == len(alternatives) else None
        case Field(name, Pattern() as pattern):
            return frozenset({_of_pattern(name, pattern)})
        case Field(name, Number(number)):
            return frozenset(Literal(name, Clue.WHOLE, spelt) for spelt in _spellings(number))
        case Field(_, Present(False)):
            return None
        case Field(name) | SameAs(name):
            return frozenset({Literal(name, Clue.ANY)})
        case _:
            return None


def _of_pattern(name: str, pattern: Pattern) -> Literal:
    if pattern.exact is not None:
        return Literal(name, Clue.WHOLE, fold(pattern.exact))
    longest = max(pattern.literals, key=len, default="")
    return Literal(name, Clue.WITHIN, fold(longest)) if longest else Literal(name, Clue.ANY)


def _spellings(number: int | float) -> set[str]:
    """The texts of the JSON numbers that equal a number: 2 also comes as 2.0."""
    as_integer = {text(int(number))} if number == int(number) else set()
    return {text(number), text(float(number))} | as_integer


def _worth(need: Need) -> tuple[int, int]:
    """The rarity of its commonest clue; of equal ones the need with fewer."""
    return min(literal.rarity for literal in need), -len(need)
