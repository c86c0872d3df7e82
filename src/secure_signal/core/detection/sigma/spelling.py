"""Detections as pySigma reads them best: modifiers in its order, numbers to the last digit."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from sigma.exceptions import SigmaModifierError
from sigma.rule import SigmaRule
from sigma.rule.detection import SigmaDetectionItem
from sigma.types import SigmaCompareExpression, SigmaTimestampPart

from secure_signal.core.detection.sigma import extent
from secure_signal.core.detection.sigma.sigma_value import POLICY


def rule_of(content: Mapping[str, Any], *, collect_errors: bool = False) -> SigmaRule:
    """A document with a detection, parsed; SigmaError where that asks for too much, or is none."""
    detection = _read(content["detection"])
    parsed = SigmaRule.from_dict(
        {**content, "detection": detection}, collect_errors=collect_errors, policy=POLICY
    )
    if not parsed.errors:
        for name, selection in parsed.detection.detections.items():
            _restore(detection[name], selection)
    return parsed


def field(written: str) -> str:
    """A field with its modifiers: ``utf16le`` by its other name, and ``cased`` last, as others drop it."""
    name, *modifiers = written.split("|")
    modifiers = ["wide" if modifier == "utf16le" else modifier for modifier in modifiers]
    return "|".join([name, *sorted(modifiers, key=lambda modifier: modifier == "cased")])


def _read(detection: Any) -> Any:
    """Without the ``timeframe`` of Sigma 1.

    pySigma makes floats of integers, and integers of floats: where that would change one, its digits are
    compared as a text.
    """
    extent.check(detection)
    if not isinstance(detection, dict):
        return detection
    return {str(name): _spelt(part) for name, part in detection.items() if name != "timeframe"}


def _spelt(part: Any, modifiers: frozenset[str] = frozenset()) -> Any:
    """A part of a selection; ``modifiers`` are those of the field whose value it is."""
    if isinstance(part, dict):
        return _spelt_fields(part)
    if isinstance(part, list):
        return [spelt for each in part for spelt in _spellings(each, modifiers)]
    spellings = _spellings(part, modifiers)
    return spellings if len(spellings) > 1 else spellings[0]


def _spelt_fields(fields: dict[Any, Any]) -> dict[str, Any]:
    spelt: dict[str, Any] = {}
    for key, values in fields.items():
        name = field(str(key))
        if name in spelt:
            raise SigmaModifierError(
                f"'{key}' stands twice, in another order or by another name; write it once"
            )
        spelt[name] = _spelt(values, _modifiers(str(key)))
    return spelt


def _modifiers(key: str) -> frozenset[str]:
    return frozenset(key.split("|")[1:])


def _spellings(value: Any, modifiers: frozenset[str]) -> list[Any]:
    if isinstance(value, dict | list):
        return [_spelt(value, modifiers)]
    if _is_rounded(value) and modifiers <= {"all", "neq"}:
        return [str(value)]
    if isinstance(value, float) and value.is_integer() and modifiers <= {"neq"}:
        return [value, str(value)]
    return [value]


def _is_rounded(value: Any) -> bool:
    """Whether it is an integer that becomes another one as a float; one too large for that is refused."""
    with suppress(OverflowError):
        return isinstance(value, int) and float(value) != value
    return False


def _restore(written: Any, parsed: Any) -> None:
    """Have comparisons compare with the integers that are written."""
    parts = written if isinstance(written, list) else [written]
    if isinstance(parsed, SigmaDetectionItem):
        for number, value in zip(parts, parsed.value, strict=False):
            if isinstance(value, SigmaCompareExpression) and not isinstance(value.number, SigmaTimestampPart):
                value.number.number = number
        return
    inner = written.values() if isinstance(written, dict) else parts
    for part, item in zip(inner, parsed.detection_items, strict=False):
        _restore(part, item)
