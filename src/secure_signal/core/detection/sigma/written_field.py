"""A field as a rule writes it, with modifiers and values: what pySigma would read at length, or wrongly."""

import re
from collections.abc import Iterator
from typing import Any

from sigma.exceptions import SigmaModifierError, SigmaValueError

from secure_signal.core.detection.matching.value import PARTS
from secure_signal.core.detection.sigma import plain_value

_MOST_SPELLINGS = 10_000
# What pySigma's windash replaces, each by five characters.
_DASH = re.compile(r"\B[-/]\b")
_DASHES = 5
# What can stand with an expression: it is searched for as it is, and what it may not match is its own matter.
_WITH_RE = {"re", "i", "ignorecase", "m", "multiline", "s", "dotall", "all", "expand", "neq"}

# What would be made of a placeholder before its values are known.
_TRANSFORMS = {"base64", "base64offset", "wide", "utf16le", "utf16", "utf16be", "windash", "fieldref"}
_NO_SELECTIONS = ("condition", "timeframe")


def each(section: Any) -> Iterator[tuple[tuple[str, ...], str, list[Any]]]:
    """Each field of the selections of a section, however nested: its path, itself, and its values.

    Keywords have the empty name.
    """
    for name, selection in section.items() if isinstance(section, dict) else ():
        # The rules that a filter names are no keywords.
        if name not in _NO_SELECTIONS and not (name == "rules" and not _is_nested(selection)):
            yield from _within(selection, (str(name),))


def check(field: str, values: list[Any]) -> None:
    """SigmaError for a field whose modifiers cannot stand together, or not with its values."""
    name, *modifiers = field.split("|")
    if not values:
        raise SigmaValueError("it has no values; write one, null for a field that is missing, or take it out")
    if not name and None in values:
        raise SigmaValueError("null is a field that is missing, and so needs one; write `field: null`")
    for value in values:
        plain_value.check(value)
    if len(set(modifiers)) < len(modifiers):  # Each may make several texts of one, or one twice as long.
        raise SigmaModifierError("a modifier stands twice; take one of them out")
    if "expand" in modifiers:
        after = [each for each in modifiers[modifiers.index("expand") :] if each in _TRANSFORMS]
        if after:
            raise SigmaModifierError(
                f"'{after[0]}' cannot follow expand; write the values instead of a placeholder"
            )
    if PARTS.keys() & set(modifiers) and any(isinstance(value, float) for value in values):
        raise SigmaValueError("its values must be whole numbers")
    if "windash" in modifiers and sum(map(_spellings, values)) > _MOST_SPELLINGS:
        raise SigmaValueError(f"its values have more than {_MOST_SPELLINGS} spellings; take fewer")
    strange = [modifier for modifier in modifiers if modifier not in _WITH_RE]
    if "re" in modifiers and strange:
        raise SigmaModifierError(
            f"'{strange[0]}' cannot stand with re; write in the expression what it shall match"
        )
    if "re" in modifiers and not all(isinstance(value, str) for value in values):
        raise SigmaValueError("its values must be texts; put them in quotes")


def _within(selection: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, list[Any]]]:
    if not _is_nested(selection):
        yield path, "", selection if isinstance(selection, list) else [selection]
    elif isinstance(selection, list):
        for number, part in enumerate(selection):
            yield from _within(part, (*path, str(number)))
    elif isinstance(selection, dict):
        for key, value in selection.items():
            yield (*path, str(key)), str(key), value if isinstance(value, list) else [value]


def _is_nested(selection: Any) -> bool:
    parts = selection if isinstance(selection, list) else [selection]
    return any(isinstance(part, dict | list) for part in parts)


def _spellings(value: Any) -> int:
    return int(_DASHES ** min(len(_DASH.findall(value)), _DASHES)) if isinstance(value, str) else 1
