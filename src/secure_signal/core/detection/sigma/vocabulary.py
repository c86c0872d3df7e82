"""The keys that Sigma knows: one that is spelt otherwise is passed over, and changes what a rule means.

Sigma Rules, Correlation Rules and Filters Specifications 2.1. Keys of one's own are allowed at the top and
in ``logsource``; there only what looks like a slip is told.
"""

import difflib
from collections.abc import Iterator

from secure_signal.core.detection.matching.value import COMPARISONS
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.extension import KEY
from secure_signal.core.detection.sigma.problem import Problem

_TOP = (
    *("title", "id", "name", "related", "taxonomy", "status", "description", "license", "references"),
    *("author", "date", "modified", "logsource", "detection", "correlation", "filter", "fields"),
    *("falsepositives", "level", "tags", "scope", KEY),
)
_LOGSOURCE = ("product", "category", "service", "definition")
_CORRELATION = ("type", "rules", "group-by", "timespan", "condition", "aliases", "generate")
_CONDITION = (*COMPARISONS, "field", "percentile")
# What people look for in a correlation, and where it stands.
_ELSEWHERE = {"suppress": KEY, "tests": KEY, "field": "condition", "percentile": "condition"}
_CLOSE = 0.75


def problems(document: Document) -> Iterator[Problem]:
    """The keys that are wrong in any case, each with its line."""
    for key, meant in _unknown(document, (), _TOP):
        if meant == KEY:
            yield _problem(document, (key,), f"did you mean '{meant}'?")
    for key, meant in _unknown(document, ("logsource",), _LOGSOURCE):
        if meant:
            yield _problem(document, ("logsource", key), f"did you mean '{meant}'?")
    for key, meant in _unknown(document, ("correlation",), _CORRELATION):
        advice = f"did you mean '{meant}'?" if meant else f"write {', '.join(_CORRELATION)}"
        if key in _ELSEWHERE:
            advice = f"it stands under `{_ELSEWHERE[key]}:`"
        yield _problem(document, ("correlation", key), advice)
    for key, _ in _unknown(document, ("correlation", "condition"), _CONDITION):
        yield _problem(document, ("correlation", "condition", key), f"write {', '.join(_CONDITION)}")


def notes(document: Document) -> Iterator[str]:
    """The keys that may be someone's own, and are passed over here."""
    for key, meant in _unknown(document, (), _TOP):
        if meant and meant != KEY:
            yield f"the key '{key}' is passed over; did you mean '{meant}'?"
    for key, meant in _unknown(document, ("logsource",), _LOGSOURCE):
        if not meant:
            yield f"logsource.{key} is passed over: a log source is product, category and service"


def _unknown(
    document: Document, path: tuple[str, ...], known: tuple[str, ...]
) -> Iterator[tuple[str, str | None]]:
    """Each key there that is not known, with the known one that it is close to."""
    section = document.content
    for step in path:
        section = section.get(step) if isinstance(section, dict) else None
    for key in section if isinstance(section, dict) else ():
        if key not in known:
            yield str(key), close(str(key), known)


def close(word: str, known: tuple[str, ...]) -> str | None:
    """The known word that another is a slip of, in case, dashes or a few letters."""
    plain = {_plain(each): each for each in known}
    found = difflib.get_close_matches(_plain(word), plain, n=1, cutoff=_CLOSE)
    return plain[found[0]] if found else None


def _plain(word: str) -> str:
    return word.casefold().replace("_", "").replace("-", "")


def _problem(document: Document, path: tuple[str, ...], advice: str) -> Problem:
    return Problem(document.file, document.line(path), f"{'.'.join(path)} is unknown; {advice}")
