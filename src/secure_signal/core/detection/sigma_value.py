"""Values of Sigma rules, as pySigma has them after its modifiers, to what we test."""

import re

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

from secure_signal.core.detection.backtracking import ExpressionError
from secure_signal.core.detection.condition import AnyOf, Field, Keyword, Node, SameAs
from secure_signal.core.detection.expression import Expression
from secure_signal.core.detection.field import text
from secure_signal.core.detection.pattern import Pattern, Wildcard
from secure_signal.core.detection.value import Comparison, Network, Number, Present, TimePart


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

_WILDCARDS = {SpecialChars.WILDCARD_MULTI: Wildcard.MANY, SpecialChars.WILDCARD_SINGLE: Wildcard.ONE}


def field_test(name: str, value: SigmaType) -> Node:
    """What a rule asks of a field; PlaceholderError where a value is not known."""
    match value:
        case SigmaExpansion():
            return AnyOf(tuple(field_test(name, v) for v in value.values))
        case SigmaString():
            return Field(name, _pattern(value))
        case SigmaRegularExpression():
            return Field(name, _expression(value))
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
            raise ValueError(f"a value of type {type(value).__name__} cannot be compared with a field")


def keyword_test(value: SigmaType) -> Node:
    """What a rule asks of the whole payload."""
    match value:
        case SigmaExpansion():
            return AnyOf(tuple(map(keyword_test, value.values)))
        case SigmaString():
            return Keyword(_pattern(value))
        case SigmaRegularExpression():
            return Keyword(_expression(value))
        case SigmaBool():
            return Keyword(Pattern((text(value.boolean),)))
        case SigmaNumber() if not isinstance(value, SigmaTimestampPart):
            return Keyword(Pattern((text(value.number),)))
        case _:
            raise ValueError(f"a value of type {type(value).__name__} needs a field")


def _pattern(value: SigmaString) -> Pattern:
    parts: list[str | Wildcard] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise PlaceholderError(part.name)
        parts.append(part if isinstance(part, str) else _WILDCARDS[part])
    return Pattern(tuple(parts), isinstance(value, SigmaCasedString))


def _expression(value: SigmaRegularExpression) -> Expression:
    for part in value.regexp.s:
        if isinstance(part, Placeholder):
            raise PlaceholderError(part.name)
    flags = "".join(sorted(value.sigma_to_re_flag[flag] for flag in value.flags))
    return Expression(str(value.regexp), flags)


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
