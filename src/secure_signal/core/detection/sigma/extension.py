"""What Sigma lacks, in a rule file's own top-level key: other tools pass over ``secure_signal``."""

import re
from typing import Any

import msgspec

from secure_signal.core import sentence
from secure_signal.core.detection.sigma import timespan
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.example import Burst, Example
from secure_signal.core.detection.sigma.timespan import Timespan

KEY = "secure_signal"


class Extension(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The members of the key.

    ``suppress``: after an anomaly of a group, the rule makes no other of it for that event time.
    ``tests``: examples that ``rules test`` runs; they are no part of what the rule means.
    """

    suppress: Timespan | None = None
    tests: tuple[Example, ...] = ()


class ExtensionError(ValueError):
    """The key says something that nobody understands; ``paths`` lead to it, the nearest first."""

    def __init__(self, what: str, *paths: tuple[str, ...]) -> None:
        super().__init__(what)
        self.paths = paths


_NOTHING = Extension()
_PLACE = re.compile(r" - at `(?:key` in `)?\$(?P<place>[^`]*)`$")
_STEP = re.compile(r"[^.\[\]]+")
_UNKNOWN = re.compile(r"unknown field `(?P<name>.*)`")
_MEMBERS = {"tests": Example, "signals": Burst}


def read(document: Document) -> Extension:
    """The extension of a document, empty where it has none; ExtensionError where it cannot be read."""
    content = document.content.get(KEY)
    if content is None and KEY not in document.content:
        return _NOTHING
    try:
        read = msgspec.convert(content, Extension, dec_hook=_convert)
    except msgspec.ValidationError as error:
        raise _mistake(str(error)) from None
    if read.suppress == 0:
        raise ExtensionError(f"{KEY}.suppress: 0s suppresses nothing; take it out", (KEY, "suppress"))
    if read.suppress is not None and "correlation" not in document.content:
        raise ExtensionError(
            f"{KEY}.suppress: only a correlation has groups to be suppressed; take it out", (KEY, "suppress")
        )
    if read.tests and "filter" in document.content:
        raise ExtensionError(
            "a filter finds nothing by itself; move its tests to a rule that it filters", (KEY, "tests")
        )
    return read


def _convert(_: type, value: Any) -> Timespan:
    return timespan.parse(value)


def _mistake(message: str) -> ExtensionError:
    """msgspec's complaint, such as ``Expected `int`, got `str` - at `$.tests[0].finds```, in our words."""
    place = _PLACE.search(message)
    steps = tuple(_STEP.findall(place["place"])) if place else ()
    what = message[: place.start()] if place else message
    if unknown := _UNKNOWN.search(what):
        what = f"is unknown; write {_members(steps)}"
        steps = (*steps, unknown["name"])
    elif "RFC3339" in what or "datetime" in what:
        what = "is no time with a zone; write one such as 2026-05-01T03:00:00Z"
    what = sentence.of_types(what).replace("`", "")
    paths = [(KEY, *steps[:length]) for length in range(len(steps), -1, -1)]
    return ExtensionError(f"{KEY}{_spelt(steps)}: {sentence.continued(what)}", *paths)


def _members(steps: tuple[str, ...]) -> str:
    within = next((step for step in reversed(steps) if not step.isdecimal()), "")
    *most, last = _MEMBERS.get(within, Extension).__struct_fields__
    return f"{', '.join(most)} or {last}"


def _spelt(steps: tuple[str, ...]) -> str:
    """Members after dots; places in lists in brackets, counted from 1 as people count."""
    return "".join(f"[{int(step) + 1}]" if step.isdecimal() else f".{step}" for step in steps)
