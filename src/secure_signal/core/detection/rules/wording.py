"""What a condition asks for, in words for a person: ``contains "powershell"``, ``≥ 10``."""

from collections.abc import Iterable

from secure_signal.core.detection.matching.condition import Field, Keyword, SameAs, ValueTest
from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.detection.matching.pattern import Pattern, Wildcard
from secure_signal.core.detection.matching.value import Comparison, Network, Number, Present, TimePart
from secure_signal.core.detection.rules.correlation import Bound

_SIGNS = {"lt": "<", "lte": "≤", "gt": ">", "gte": "≥", "eq": "=", "neq": "≠"}
_WILDCARDS = {Wildcard.MANY: "*", Wildcard.ONE: "?"}
_WHERE = {
    "equals": "is the same as",
    "contains": "contains",
    "startswith": "starts with",
    "endswith": "ends with",
}


def of(leaf: Field | Keyword | SameAs) -> str:
    """What a leaf of a condition wants of its field, or of any value in the payload."""
    match leaf:
        case Field():
            return of_test(leaf.test)
        case Keyword(Pattern(parts, cased)):
            return of_test(Pattern((Wildcard.MANY, *parts, Wildcard.MANY), cased))
        case Keyword():
            return of_test(leaf.test)
        case SameAs():
            return f"{_WHERE[leaf.where]} the field {leaf.other}"


def of_test(test: ValueTest) -> str:
    """What one test wants of a value."""
    match test:
        case Pattern():
            return _of_pattern(test) + (" (its case counts)" if test.cased else "")
        case Expression(source, flags):
            return f"matches /{source}/{flags}"
        case Present(wanted):
            return "is there" if wanted else "is missing"
        case Number(number):
            return f"is {number}"
        case Comparison(comparison, number):
            return f"{_SIGNS[comparison]} {number}"
        case Network(cidr):
            return f"is in the network {cidr}"
        case TimePart(part, comparison, number):
            return f"has a time whose {part} is {_SIGNS[comparison]} {number}"


def of_bounds(bounds: Iterable[Bound]) -> str:
    """What a correlation wants of its metric, such as ``≥ 5 and < 10``."""
    return " and ".join(f"{_SIGNS[b.comparison]} {_number(b)}" for b in bounds)


def _of_pattern(pattern: Pattern) -> str:
    match pattern.parts:
        case (Wildcard.MANY,):
            return "is any text"
        case (Wildcard.MANY, str(text), Wildcard.MANY):
            return f"contains {quoted(text)}"
        case (str(text), Wildcard.MANY):
            return f"starts with {quoted(text)}"
        case (Wildcard.MANY, str(text)):
            return f"ends with {quoted(text)}"
        case parts:
            text = "".join(_WILDCARDS[part] if isinstance(part, Wildcard) else part for part in parts)
            return f"{'is' if pattern.exact is not None else 'is like'} {quoted(text)}"


def quoted(text: str) -> str:
    """A text between quotation marks, as it is."""
    return f'"{text}"'


def _number(bound: Bound) -> str:
    return str(bound.limit) if isinstance(bound.limit, int) else f"{float(bound.limit):.6g}"
