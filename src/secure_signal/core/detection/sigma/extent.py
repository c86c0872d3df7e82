"""How much one rule may ask for: a few lines of Sigma can spell out millions of tests."""

import re
from collections.abc import Iterator
from typing import Any

from sigma.exceptions import (
    SigmaConditionError,
    SigmaCorrelationRuleError,
    SigmaCorrelationTypeError,
    SigmaTimespanError,
    SigmaValueError,
)

from secure_signal.core.detection.matching import condition
from secure_signal.core.detection.matching.condition import Field, Keyword, Node, SameAs
from secure_signal.core.detection.matching.expression import Expression
from secure_signal.core.detection.matching.pattern import Pattern, Wildcard
from secure_signal.core.detection.matching.value import Network
from secure_signal.core.detection.sigma import written_field

_LONGEST_CONDITION = 10_000
_MOST_SELECTIONS = 10_000
_MOST_EXPRESSIONS = 100
_LONGEST_TIMESPAN = 100
_MOST_DEAR = 1_000
_MOST_INSTRUCTIONS = 20_000
_MOST_RULES = 1_000
_OF = re.compile(r"\bof\b", re.IGNORECASE)


class ExcessError(SigmaValueError):
    """All fields together ask for too much, so that it would take long to find what is wrong with each."""


class LongConditionError(SigmaConditionError):
    """A condition asks for too much, however well it is written."""


def check(detection: Any) -> None:
    """SigmaError for a detection, or filter, whose condition is no text or that asks for too much."""
    if not isinstance(detection, dict):
        return  # pySigma says that it must be one.
    fields = [(field, values) for _, field, values in written_field.each(detection)]
    expressions = sum(len(values) for field, values in fields if "re" in field.split("|")[1:])
    if expressions > _MOST_EXPRESSIONS:
        raise ExcessError(f"More than {_MOST_EXPRESSIONS} expressions in one rule; split it into several")
    _check_condition(detection.get("condition"), len(detection))
    for field, values in fields:
        written_field.check(field, values)


def check_correlation(section: Any) -> None:
    """SigmaError for a correlation of too many rules, or with names that are no texts: pySigma takes any."""
    if isinstance(section, dict):
        _check_timespan(section.get("timespan"))
    for key, value in _names(section):
        if key == "type" and not isinstance(value, str | None):
            raise SigmaCorrelationTypeError("The type must be a text")
        names = value if isinstance(value, list) else [] if value is None else [value]
        if not all(isinstance(name, str) for name in names):
            raise SigmaCorrelationRuleError(f"'{key}' must be a text, or, of several, a list of texts")
        if key == "rules" and len(names) > _MOST_RULES:
            raise SigmaCorrelationRuleError(f"More than {_MOST_RULES} 'rules'; correlate some by themselves")


def _check_timespan(written: Any) -> None:
    if isinstance(written, str) and len(written) > _LONGEST_TIMESPAN:  # Its digits would be read as a number.
        raise SigmaTimespanError(f"The timespan has {len(written):,} characters")


def check_tests(node: Node) -> None:
    """ValueError for a condition, with the values of its placeholders, that could take long at one signal."""
    sizes = sum(expression.size for expression in condition.expressions(node))
    if sizes > _MOST_INSTRUCTIONS:
        raise ValueError(
            f"its expressions are too large together ({sizes:,} instructions of {_MOST_INSTRUCTIONS:,}): "
            "repeat less, or split it into several rules"
        )
    dear = [leaf for leaf in condition.leaves(node) if _is_dear(leaf)]
    dearest = sum(isinstance(leaf, Keyword) or _is_expression(leaf) for leaf in dear)
    if dearest > _MOST_EXPRESSIONS or len(dear) > _MOST_DEAR:
        raise ValueError(
            f"it has more than {_MOST_EXPRESSIONS} expressions, or keywords with ? or * within, or more than "
            f"{_MOST_DEAR} slow tests (these, networks, other fields, texts with ? or * within); "
            "split it into several rules"
        )


def _check_condition(written: Any, selections: int) -> None:
    conditions = written if isinstance(written, list) else [written]
    if not conditions or not all(isinstance(each, str) for each in conditions):
        raise SigmaConditionError("The condition must be a text, or a list of texts")
    if not all(map(str.strip, conditions)):
        raise SigmaConditionError("The condition is empty")
    if sum(map(len, conditions)) > _LONGEST_CONDITION:
        raise LongConditionError(f"The condition is longer than {_LONGEST_CONDITION} characters")
    if sum(len(_OF.findall(text)) for text in conditions) * selections > _MOST_SELECTIONS:
        raise LongConditionError(f"The condition spells out more than {_MOST_SELECTIONS} selections")


def _is_expression(leaf: Field | SameAs) -> bool:
    return isinstance(leaf, Field) and isinstance(leaf.test, Expression)


def _is_dear(leaf: Field | Keyword | SameAs) -> bool:
    """Whether it takes its time for each text of a field, and is not tried together with others."""
    match leaf:
        case SameAs():
            return True
        case Field(test=Pattern(parts)) | Keyword(test=Pattern(parts)):
            return Wildcard.ONE in parts or sum(isinstance(part, str) for part in parts) > 1
        case Field(test=Expression() | Network()) | Keyword(test=Expression()):
            return True
        case _:
            return False


def _names(section: Any) -> Iterator[tuple[str, Any]]:
    """What a correlation calls by name: rules and fields."""
    if not isinstance(section, dict):
        return  # pySigma says that it must be one.
    condition, aliases = section.get("condition"), section.get("aliases")
    for key in ("type", "rules", "group-by"):
        yield key, section.get(key)
    if isinstance(condition, dict):
        yield "field", condition.get("field")
    if isinstance(aliases, dict):
        yield "aliases", list(aliases)
        for name, fields in aliases.items():
            yield str(name), list(fields.values()) if isinstance(fields, dict) else None
