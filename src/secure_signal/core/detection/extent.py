"""How much one rule may ask for: a few lines of Sigma can spell out millions of tests."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sigma.exceptions import SigmaConditionError, SigmaValueError

_LONGEST_CONDITION = 10_000
_MOST_SELECTIONS = 10_000
_MOST_SPELLINGS = 10_000
_OF = re.compile(r"\bof\b", re.IGNORECASE)
# What pySigma's windash replaces, each by five characters.
_DASH = re.compile(r"\B[-/]\b")
_DASHES = 5


def check(detection: Mapping[str, Any]) -> None:
    """SigmaError for a detection whose condition is no text or that asks for too much."""
    conditions = detection.get("condition")
    conditions = conditions if isinstance(conditions, list) else [conditions]
    if not conditions or not all(isinstance(condition, str) for condition in conditions):
        raise SigmaConditionError("The condition must be a text, or a list of texts")
    if sum(map(len, conditions)) > _LONGEST_CONDITION:
        raise SigmaConditionError(f"The condition is longer than {_LONGEST_CONDITION} characters")
    if sum(len(_OF.findall(text)) for text in conditions) * len(detection) > _MOST_SELECTIONS:
        raise SigmaConditionError(f"The condition spells out more than {_MOST_SELECTIONS} selections")
    for key, value in _fields(detection):
        if "|windash" in key and sum(map(_spellings, value)) > _MOST_SPELLINGS:
            raise SigmaValueError(f"The values of '{key}' have more than {_MOST_SPELLINGS} spellings")


def _fields(node: Any) -> Iterator[tuple[str, list[Any]]]:
    """Each field with its values, however its selection is nested."""
    if isinstance(node, list):
        for item in node:
            yield from _fields(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            yield str(key), value if isinstance(value, list) else [value]
            yield from _fields(value)


def _spellings(value: Any) -> int:
    return int(_DASHES ** min(len(_DASH.findall(value)), _DASHES)) if isinstance(value, str) else 1
