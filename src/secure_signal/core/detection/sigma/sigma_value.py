"""Values of Sigma rules, as pySigma has them after its modifiers, to what we test."""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, product
from typing import Any, TypeAlias

from sigma.policy import SigmaPolicy
from sigma.policy.regex_engine import RegexEngine, RegexPattern
from sigma.types import (
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from secure_signal.core.detection.field import text
from secure_signal.core.detection.matching.backtracking import ExpressionError
from secure_signal.core.detection.matching.condition import AnyOf, Field, Keyword, Node, SameAs
from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.detection.matching.pattern import Pattern, Wildcard
from secure_signal.core.detection.matching.value import Comparison, Network, Number, Present, TimePart


class PlaceholderError(ValueError):
    """A placeholder has no values, so that nothing can be compared with it; the text is its name."""


class _Engine(RegexEngine):
    """What pySigma checks expressions with, and finds the selections of ``1 of name*``: our engines."""

    def compile(self, pattern: str, flags: int = 0) -> RegexPattern:
        letters = "".join(c for c, flag in (("i", re.I), ("m", re.M), ("s", re.S)) if flags & flag)
        compiled: RegexPattern = Expression(pattern, letters).compiled()
        return compiled

    @property
    def error(self) -> type[Exception]:
        return ExpressionError


POLICY = SigmaPolicy(regex_engine=_Engine())

Placeholders: TypeAlias = Mapping[str, Sequence[str]]
"""The values of each placeholder, as Sigma strings."""
Part: TypeAlias = str | SpecialChars | Placeholder

_MOST_VALUES = 10_000
_SIGNS = {SpecialChars.WILDCARD_MULTI: "*", SpecialChars.WILDCARD_SINGLE: "?"}
_WILDCARDS = {SpecialChars.WILDCARD_MULTI: Wildcard.MANY, SpecialChars.WILDCARD_SINGLE: Wildcard.ONE}


def field_test(name: str, value: SigmaType, placeholders: Placeholders) -> Node:
    """What a rule asks of a field; PlaceholderError where a value is not known."""
    match value:
        case SigmaExpansion():
            return AnyOf(tuple(field_test(name, v, placeholders) for v in value.values))
        case SigmaString():
            return AnyOf(tuple(Field(name, p) for p in _patterns(value, placeholders)))
        case SigmaRegularExpression():
            return AnyOf(tuple(Field(name, e) for e in _expressions(value, placeholders)))
        case SigmaFieldReference():
            return SameAs(name, value.field, _where(value))
        case SigmaNull():
            return Field(name, Present(False))
        case SigmaExists():
            return Field(name, Present(value.exists))
        case SigmaBool():
            return Field(name, Pattern((text(value.boolean),)))
        case SigmaTimestampPart():
            return Field(name, _time_part(value, "eq"))
        case SigmaNumber():
            return Field(name, Number(value.number))
        case SigmaCIDRExpression():
            return Field(name, Network(value.cidr))
        case SigmaCompareExpression(number=SigmaTimestampPart() as part):
            return Field(name, _time_part(part, value.op.name.lower()))
        case SigmaCompareExpression():
            return Field(name, Comparison(value.op.name.lower(), value.number.number))
        case _:
            raise ValueError(
                "what the modifiers make of a value cannot be compared with a field; take one out"
            )


def keyword_test(value: SigmaType, placeholders: Placeholders) -> Node:
    """What a rule asks of the whole payload."""
    match value:
        case SigmaExpansion():
            return AnyOf(tuple(keyword_test(v, placeholders) for v in value.values))
        case SigmaString():
            return AnyOf(tuple(map(Keyword, _patterns(value, placeholders))))
        case SigmaRegularExpression():
            return AnyOf(tuple(map(Keyword, _expressions(value, placeholders))))
        case SigmaBool():
            return Keyword(Pattern((text(value.boolean),)))
        case SigmaNumber() if not isinstance(value, SigmaTimestampPart):
            return Keyword(Pattern((text(value.number),)))
        case _:
            raise ValueError(
                "what the modifiers of a keyword make of it needs a field; write one before them"
            )


def _patterns(value: SigmaString, placeholders: Placeholders) -> Iterator[Pattern]:
    is_cased = isinstance(value, SigmaCasedString)
    for parts in _filled(value.s, placeholders, lambda text: SigmaString(text).s):
        yield Pattern(tuple(p if isinstance(p, str) else _WILDCARDS[p] for p in parts), is_cased)


def _expressions(value: SigmaRegularExpression, placeholders: Placeholders) -> Iterator[Expression]:
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    for parts in _filled(value.regexp.s, placeholders, lambda text: (text,)):
        yield Expression("".join(p if isinstance(p, str) else _SIGNS[p] for p in parts), flags)


def _filled(
    parts: Sequence[Part], placeholders: Placeholders, read: Callable[[str], Sequence[Any]]
) -> Iterator[tuple[str | SpecialChars, ...]]:
    """The parts with every value of every placeholder in its place; PlaceholderError where one has none."""
    choices: list[list[Sequence[Any]]] = []
    for part in parts:
        if not isinstance(part, Placeholder):
            choices.append([(part,)])
        elif part.name in placeholders:
            choices.append(list(map(read, placeholders[part.name])))
        else:
            raise PlaceholderError(part.name)
    if math.prod(map(len, choices)) > _MOST_VALUES:
        raise ValueError(f"its placeholders give more than {_MOST_VALUES} values together; take fewer")
    return (tuple(chain.from_iterable(choice)) for choice in product(*choices))


def _where(value: SigmaFieldReference) -> str:
    match value.starts_with, value.ends_with:
        case True, True:
            return "contains"
        case True, False:
            return "startswith"
        case False, True:
            return "endswith"
        case _:
            return "equals"


def _time_part(value: SigmaTimestampPart, comparison: str) -> TimePart:
    return TimePart(value.timestamp_part.name.lower(), comparison, value.number)
