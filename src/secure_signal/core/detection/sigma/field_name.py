"""Names of fields as rules write them: those that can be no field's, and those that perhaps mean another."""

from collections.abc import Iterator
from typing import Any

from secure_signal.core.detection.sigma import extension, written_field
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.problem import Problem

_MOST_GROUP_FIELDS = 100
_PAYLOAD = "payload."


def problems(document: Document) -> Iterator[Problem]:
    """What is wrong with the names in a correlation, each with its line."""
    for path, name in _of_correlation(document):
        if name == "":
            where = ".".join(key for key in path[:3] if key and not key.isdecimal())
            what = f"{where} has an empty name; write the field's, or take it out"
            yield Problem(document.file, document.line(path), what)
    if _at(document.content, "correlation", "condition", "field") == []:
        line = document.line(("correlation", "condition", "field"))
        yield Problem(document.file, line, "condition.field names no field; write one, or take it out")
    names = [name for _, name in _listed(document.content, "group-by")]
    if len(names) > _MOST_GROUP_FIELDS:
        what = f"group-by has {len(names):,} fields, more than {_MOST_GROUP_FIELDS}; take fewer"
        yield Problem(document.file, document.line(("correlation", "group-by")), what)
        return
    for number, name in enumerate(names):
        if name in names[:number]:
            line = document.line(("correlation", "group-by", str(number)), ("correlation", "group-by"))
            yield Problem(document.file, line, f"group-by has '{name}' twice; take one out")


def notes(document: Document) -> Iterator[str]:
    """Each field that is looked up as ``payload.`` within the payload, if no test has it there."""
    names = (*_of_detection(document), *_of_correlation(document))
    doubtful = [(path, name) for path, name in names if _is_doubtful(name, document)]
    for path, name in () if doubtful and _has_payload_within(document) else doubtful:
        meant = name.removeprefix(_PAYLOAD)
        yield (
            f"line {document.line(path)}: fields are looked up in the payload: {name} is not {meant}, "
            f"but that of an object `payload` in it; write {meant} if that is meant"
        )


def _is_doubtful(name: str, document: Document) -> bool:
    return name.startswith(_PAYLOAD) and name != _PAYLOAD and name not in _aliases(document)


def _has_payload_within(document: Document) -> bool:
    bursts = (burst for test in extension.read(document).tests for burst in test.signals)
    return any(key == "payload" or key.startswith(_PAYLOAD) for burst in bursts for key in burst.payload)


def _of_detection(document: Document) -> Iterator[tuple[tuple[str, ...], str]]:
    for section in ("detection", "filter"):
        for path, field, values in written_field.each(document.content.get(section)):
            name, *modifiers = field.split("|")
            yield (section, *path), name
            if "fieldref" in modifiers:
                yield from (((section, *path), value) for value in values if isinstance(value, str))


def _of_correlation(document: Document) -> Iterator[tuple[tuple[str, ...], str]]:
    """The names of fields in a correlation, with their paths; an alias is one too."""
    yield from _listed(document.content, "group-by")
    yield from _listed(document.content, "condition", "field")
    path = ("correlation", "aliases")
    for alias, fields in _aliases(document).items():
        yield (*path, str(alias)), str(alias)
        for rule, field in fields.items() if isinstance(fields, dict) else ():
            if isinstance(field, str):
                yield (*path, str(alias), str(rule)), field


def _aliases(document: Document) -> dict[Any, Any]:
    aliases = _at(document.content, "correlation", "aliases")
    return aliases if isinstance(aliases, dict) else {}


def _listed(content: Any, *keys: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts at a key of a correlation, one or a list."""
    path = ("correlation", *keys)
    found = _at(content, *path)
    if isinstance(found, str):
        yield path, found
    for number, name in enumerate(found if isinstance(found, list) else ()):
        if isinstance(name, str):
            yield (*path, str(number)), name


def _at(content: Any, *path: str) -> Any:
    for key in path:
        content = content.get(key) if isinstance(content, dict) else None
    return content
