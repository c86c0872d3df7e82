"""What a wrong indentation makes of a detection: a condition that is not there, and empty selections."""

from collections.abc import Iterator, Mapping
from typing import Any

from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.detection.sigma.vocabulary import close

_SECTIONS = ("detection", "filter")


def problems(document: Document) -> Iterator[Problem]:
    """Each with its line."""
    content = document.content if isinstance(document.content, dict) else {}
    for name in _SECTIONS:
        section = content.get(name)
        if isinstance(section, dict) and section:
            yield from _without_condition(document, content, name, section)
            yield from _empty(document, name, section)


def _without_condition(
    document: Document, content: Mapping[Any, Any], name: str, section: Mapping[Any, Any]
) -> Iterator[Problem]:
    if "condition" in section:
        return
    near = next((str(key) for key in section if close(str(key), ("condition",))), None)
    path: tuple[str, ...] = (name,)
    advice = "write one over the names of its selections"
    if "condition" in content:
        path, advice = ("condition",), "indent the one here, as deep as the selections"
    elif near:
        path, advice = (name, near), f"'{near}' is perhaps meant to be it"
    yield Problem(document.file, document.line(path), f"there is no `condition:` under `{name}:`; {advice}")


def _empty(document: Document, name: str, section: Mapping[Any, Any]) -> Iterator[Problem]:
    for key, value in section.items():
        is_selection = key != "condition" and not (name == "filter" and key == "rules")
        if is_selection and (value is None or value in ([], {})):
            line = document.line((name, str(key)))
            yield Problem(document.file, line, f"the selection '{key}' is empty; indent its fields below it")
