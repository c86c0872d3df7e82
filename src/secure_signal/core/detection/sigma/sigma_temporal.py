"""Sigma's boolean conditions of temporal correlations to alternatives.

``condition: a and (b or not c)`` over the names or ids that ``rules`` lists, which may be left out then: the
draft 2.2.0 of the Sigma Correlation Rules Specification (SigmaHQ/sigma-specification, pull request 205), as
pySigma 2 parses it. The draft has operators in capitals, and ids, which pySigma's grammar does not take.
"""

import re
from collections.abc import Mapping
from itertools import product
from typing import Any, TypeAlias

from pyparsing import ParseException
from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionNOT,
    CorrelationConditionOR,
    SigmaExtendedCorrelationCondition,
)
from sigma.exceptions import SigmaCorrelationConditionError

from secure_signal.core.detection.rules.correlation import Alternative

_MAX_LENGTH = 10_000
_MAX_ALTERNATIVES = 256
_TOKEN = re.compile(r"[()]|[^\s()]+")
_OPERATORS = ("and", "or", "not")


class _TooLargeError(ValueError):
    def __init__(self) -> None:
        super().__init__(
            "the condition is too large; split it in several correlations that another one lists"
        )


_Sides: TypeAlias = tuple[frozenset[int], frozenset[int]]


def references(condition: str) -> list[str]:
    """The rules that a condition names, in the order in which they first appear."""
    words = (word for word in _TOKEN.findall(condition) if word not in "()")
    return list(dict.fromkeys(word for word in words if word.lower() not in _OPERATORS))


def alternatives(condition: str, slots: Mapping[str, int]) -> tuple[Alternative, ...]:
    """What the condition asks for, with the slot of each rule that is listed.

    SigmaCorrelationConditionError where it cannot be read or names other rules than those listed; ValueError
    where it has too many alternatives.
    """
    if len(condition) > _MAX_LENGTH:
        raise _TooLargeError
    named = references(condition)
    unknown = [f"'{name}'" for name in named if name not in slots]
    if unknown:
        raise SigmaCorrelationConditionError(
            f"the condition names {', '.join(unknown)}, which rules does not list"
        )
    idle = [f"'{name}'" for name in slots if name not in named]
    if idle:
        raise SigmaCorrelationConditionError(
            f"the condition does not name {', '.join(idle)}, which rules lists"
        )
    try:
        tree = SigmaExtendedCorrelationCondition.parse(_numbered(condition, slots))
    except ParseException:
        raise SigmaCorrelationConditionError(f"the condition {condition!r} cannot be read") from None
    return tuple(
        Alternative(tuple(sorted(there)), tuple(sorted(gone))) for there, gone in _spread(tree, True)
    )


def _numbered(condition: str, slots: Mapping[str, int]) -> str:
    """The condition in the words of pySigma's grammar: rules as ``r`` and their slots."""
    return " ".join(
        f"r{slots[word]}" if word in slots else word.lower() for word in _TOKEN.findall(condition)
    )


def _spread(node: Any, wanted: bool) -> list[_Sides]:
    """The disjunctive normal form of a condition, or of its opposite."""
    match node:
        case CorrelationConditionNOT():
            return _spread(node.args[0], not wanted)
        case CorrelationConditionAND() | CorrelationConditionOR():
            parts = [_spread(arg, wanted) for arg in node.args]
            if isinstance(node, CorrelationConditionOR) is wanted:
                return _sparse([sides for part in parts for sides in part])
            joined = parts[0]
            for part in parts[1:]:
                pairs = product(joined, part)
                joined = _sparse([(a | c, b | d) for (a, b), (c, d) in pairs])
            return joined
        case _:
            slot = frozenset({int(node.reference[1:])})
            return [(slot, frozenset()) if wanted else (frozenset(), slot)]


def _sparse(found: list[_Sides]) -> list[_Sides]:
    """Without those that contradict themselves, and those that ask for more than another does."""
    if len(found) > _MAX_ALTERNATIVES:
        raise _TooLargeError
    sound = dict.fromkeys(sides for sides in found if not sides[0] & sides[1])
    return [
        (there, gone)
        for there, gone in sound
        if not any((t, g) != (there, gone) and t <= there and g <= gone for t, g in sound)
    ]
