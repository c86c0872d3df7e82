"""The fields of a detection that pySigma cannot take, and its errors in our words."""

import math
import re
from collections.abc import Iterator
from typing import Any

from sigma.modifiers import modifier_mapping, reverse_modifier_mapping
from sigma.rule.detection import SigmaDetectionItem

from secure_signal.core.detection.matching.value import PARTS
from secure_signal.core.detection.sigma import spelling, vocabulary, written_field
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.sigma_value import POLICY

_SECTIONS = ("detection", "filter")
_UNKNOWN = re.compile(r"Unknown modifier '?(?P<name>[^']*)'?")
_TAKES = re.compile(r"Modifier (?P<modifier>\w+) incompatible to value type of '(?P<value>.*)'", re.DOTALL)
# A value as Python shows it, where pySigma has no better word.
_OBJECT = re.compile(r"<sigma\.types\.Sigma(\w+) object at 0x\w+>")
_NUMBER = re.compile(r"([-+]?[0-9]+)(\.[0-9]+)?(?:[eE]([-+]?)([0-9]+))?")
_NUMBERS = ("gt", "gte", "lt", "lte", *PARTS)
_VALUES = {"exists": "true or false", "cidr": "a network", **dict.fromkeys(_NUMBERS, "a number")}


def faults(document: Document) -> Iterator[tuple[tuple[str, ...], Exception]]:
    """Where each field stands that cannot be read, and why."""
    for section in _SECTIONS:
        for path, field, values in written_field.each(document.content.get(section)):
            fault = _fault(field, values)
            if fault is not None:
                yield (section, *path), fault


def _fault(field: str, values: list[Any]) -> Exception | None:
    try:
        written_field.check(field, values)  # First: pySigma would do what modifiers say, however often.
        SigmaDetectionItem.from_mapping(spelling.field(field), values, policy=POLICY)
    except (
        Exception
    ) as error:  # pySigma raises others too where a value is of a type that it does not expect.
        return error
    return None


def message_of(error: Exception) -> str:
    """What it says, with values that Python shows by their address called by their type."""
    return _OBJECT.sub(lambda found: found[1].lower(), str(error.args[0])) if error.args else ""


def in_words(message: str) -> str:
    """What pySigma says of a modifier, without the names of its classes."""
    if unknown := _UNKNOWN.match(message):
        near = vocabulary.close(unknown["name"], tuple(modifier_mapping))
        advice = f"did you mean '{near}'?" if near else f"write one of {', '.join(modifier_mapping)}"
        return f"there is no modifier '{unknown['name']}'; {advice}"
    if taken := _TAKES.match(message):
        modifier = reverse_modifier_mapping.get(taken["modifier"], taken["modifier"])
        if modifier in PARTS and "CompareExpression" in taken["value"]:
            return f"{modifier} stands before the comparison, as in timestamp|{modifier}|lt"
        value = taken["value"] if "Sigma" not in taken["value"] else "what the modifier before it makes"
        return (
            f"{modifier} takes {_VALUES.get(modifier, 'a text')}, not '{value}'{_as_number(modifier, value)}"
        )
    return message


def _as_number(modifier: str, value: str) -> str:
    """How to write a text that is meant as a number: YAML 1.1 wants a point, and the sign of an exponent."""
    written = _NUMBER.fullmatch(value)
    if modifier not in _NUMBERS or not written or math.isinf(float(value)):
        return ""
    whole, fraction, sign, exponent = written.groups()
    plain = (
        whole + (fraction or "") if exponent is None else f"{whole}{fraction or '.0'}e{sign or '+'}{exponent}"
    )
    return f", a text; write {plain} without quotes"
