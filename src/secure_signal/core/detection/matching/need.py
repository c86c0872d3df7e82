"""What a signal must have for a condition to have a chance: read off the condition once, indexed after.

A need is a set of clues, at least one of which is in every signal that matches.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from math import log2
from typing import TypeAlias

from secure_signal.core.detection.event import LEAVES
from secure_signal.core.detection.field import fold, text
from secure_signal.core.detection.matching import necessary
from secure_signal.core.detection.matching.condition import (
    AllOf,
    AnyOf,
    Field,
    Keyword,
    Node,
    SameAs,
    ValueTest,
)
from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.detection.matching.pattern import Pattern
from secure_signal.core.detection.matching.value import Number, Present


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
            return _IN_ALL  # The log source has seen to the type already.
        if self.clue is Clue.WHOLE:
            return len(self.text) + 4
        return len(self.text) if len(self.text) > _SHORT else _IN_ALL + len(self.text)


Need: TypeAlias = frozenset[Literal]

# What is in nearly every signal is of use only where there is nothing else; so are parts as short as this.
_IN_ALL = -100
_SHORT = 2
# What twice as many conditions have is taken for so many characters shorter.
_SHARED = 2


def of(node: Node, shared: Mapping[Literal, int] | None = None) -> Need | None:
    """A condition's need; None when any signal may match it.

    ``shared`` tells how many conditions have a literal: what many ask for is in many signals.
    """
    match node:
        case AllOf(parts):
            needs = [need for need in (of(part, shared) for part in parts) if need is not None]
            return max(needs, key=lambda need: _worth(need, shared or {}), default=None)
        case AnyOf(parts):
            alternatives = [of(part, shared) for part in parts]
            known = [need for need in alternatives if need is not None]
            return frozenset().union(*known) if len(known) == len(alternatives) else None
        case Field(name, Present(wanted)):
            return frozenset({Literal(name, Clue.ANY)}) if wanted else None
        case Field(name, test):
            return frozenset(_of_test(name, test))
        case SameAs(name):
            return frozenset({Literal(name, Clue.ANY)})
        case Keyword(Pattern() as pattern) if any(pattern.literals):
            return frozenset({Literal(LEAVES, Clue.WITHIN, fold(max(pattern.literals, key=len)))})
        case _:
            return None


def shared(nodes: Iterable[Node]) -> Counter[Literal]:
    """How many of these conditions might need each literal."""
    return Counter(literal for node in nodes for literal in set(_literals(node)))


def _literals(node: Node) -> Iterator[Literal]:
    match node:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _literals(part)
        case Field() | Keyword():
            yield from of(node) or ()


def _of_test(name: str, test: ValueTest) -> Iterable[Literal]:
    match test:
        case Pattern():
            return (_of_pattern(name, test),)
        case Number(number):
            return (Literal(name, Clue.WHOLE, spelt) for spelt in _spellings(number))
        case Expression() if test.refusal is None:
            texts = necessary.texts(test.source)
            if texts is not None:
                return (Literal(name, Clue.WITHIN, fold(text)) for text in texts)
    return (Literal(name, Clue.ANY),)


def _of_pattern(name: str, pattern: Pattern) -> Literal:
    if pattern.exact is not None:
        return Literal(name, Clue.WHOLE, fold(pattern.exact))
    longest = max(pattern.literals, key=len, default="")
    return Literal(name, Clue.WITHIN, fold(longest)) if longest else Literal(name, Clue.ANY)


def _spellings(number: int | float) -> set[str]:
    """The texts of the JSON numbers that equal a number: 2 also comes as 2.0, and 0 as -0.0."""
    as_integer = {text(int(number))} if number == int(number) else set()
    minus = {"-0.0"} if number == 0 else set()
    return {text(number), text(float(number))} | as_integer | minus


def _worth(need: Need, shared: Mapping[Literal, int]) -> tuple[float, int]:
    """The rarity of its commonest clue; of equal ones the need with fewer."""
    return min(literal.rarity - _SHARED * log2(shared.get(literal, 1)) for literal in need), -len(need)
