"""How dear a rule is by its shape: by what it is found for a signal, and what is then asked of it."""

from secure_signal.core.detection.matching import condition, need
from secure_signal.core.detection.matching.need import Clue, Literal, Need
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection

_CLUES = {
    Clue.WHOLE: "whole-value index",
    Clue.WITHIN: "substring index",
    Clue.ANY: "every signal that has the field",
}
_SOURCE = "every signal of its log source"
_TYPE = "every signal of its type"
_WINDOWS = "windows of a correlation"


def of(rule: Detection | Correlation) -> str:
    """Such as ``substring index, then regular expressions``; the dearest of the ways in which it is found."""
    if isinstance(rule, Correlation):
        return _WINDOWS
    parts = [_way(need.of(rule.condition))]
    refusals = [expression.refusal for expression in condition.expressions(rule.condition)]
    if None in refusals:
        parts.append("regular expression")
    if any(refusals):
        parts.append("bounded fallback regular expression")
    return ", then ".join(parts)


def _way(wanted: Need | None) -> str:
    if not wanted:
        return _SOURCE
    if all(literal.field == "type" for literal in wanted):
        return _TYPE
    return _CLUES[max((literal.clue for literal in wanted), key=[*Clue].index)]


def clues(rule: Detection) -> list[str]:
    """What the index looks for, at least one of which a signal must have, in words; empty where nothing."""
    return sorted(map(_spelt, need.of(rule.condition) or ()))


def _spelt(literal: Literal) -> str:
    match literal.clue:
        case Clue.WHOLE:
            return f'{literal.field} is "{literal.text}"'
        case Clue.WITHIN:
            return f'{literal.field} contains "{literal.text}"'
        case Clue.ANY:
            return f"{literal.field} is there"
