"""Why a condition held for an event or did not: its tree, with what was wanted and what was there."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

from msgspec import Struct

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.matching.allowance import BoundError
from secure_signal.core.detection.matching.condition import (
    AllOf,
    AnyOf,
    Field,
    Keyword,
    Node,
    Not,
    SameAs,
)
from secure_signal.core.detection.matching.predicate import compile_node
from secure_signal.core.detection.rules import wording

# Of what a keyword found in a payload, so much is told.
_MAX_FOUND = 5


class Explained(Struct, frozen=True, omit_defaults=True):
    """One part of a condition, and whether it held; None where a search in it was given up.

    ``kind`` is one of ``all of``, ``any of``, ``not``, ``field`` and ``keyword``. A ``field`` has its name,
    what was ``wanted`` of it in words, and its ``actual`` value (None: missing); a ``keyword`` has as
    ``actual`` the values that it was found in.
    """

    kind: str
    held: bool | None
    parts: tuple["Explained", ...] = ()
    field: str = ""
    wanted: str = ""
    actual: Any = None


def explain(node: Node, event: Event) -> Explained:
    """Each part with its outcome, also where the engine need not look at it to know the whole.

    ``held`` is what the predicate of ``predicate.compile_node`` says, unless that raises BoundError.
    """
    match node:
        case AllOf(parts):
            explained = tuple(explain(part, event) for part in parts)
            return Explained("all of", _whole(explained, decided_by=False), explained)
        case AnyOf(parts):
            explained = tuple(explain(part, event) for part in parts)
            return Explained("any of", _whole(explained, decided_by=True), explained)
        case Not(part):
            inner = explain(part, event)
            return Explained("not", None if inner.held is None else not inner.held, (inner,))
        case Keyword():
            held, found = _holds(node, event), _found(node, event)
            return Explained("keyword", held, wanted=wording.of(node), actual=found)
        case Field(name):
            return _field(node, event, event.value(name))
        case SameAs(name, other):
            return _field(node, event, {name: event.value(name), other: event.value(other)})


def _whole(parts: Iterable[Explained], decided_by: bool) -> bool | None:
    """One part may decide; else all must be known."""
    outcomes = {part.held for part in parts}
    return decided_by if decided_by in outcomes else None if None in outcomes else not decided_by


def _field(node: Field | SameAs, event: Event, actual: Any) -> Explained:
    return Explained(
        "field", _holds(node, event), field=node.name, wanted=wording.of(node), actual=portable(actual)
    )


def _holds(leaf: Node, event: Event) -> bool | None:
    try:
        return compile_node(leaf)(event)
    except BoundError:
        return None


def _found(node: Keyword, event: Event) -> list[str]:
    """The first values of the payload that have the keyword in them."""
    alone = (Event(event.user_id, event.type, event.timestamp, {"": leaf}) for leaf in event.leaves())
    found = (each.payload[""] for each in alone if _holds(node, each))
    return list(islice(found, _MAX_FOUND))


def portable(value: Any) -> Any:
    """A value of a payload as any reader of JSON takes it: numbers that few can hold as their texts."""
    match value:
        case dict():
            return {name: portable(inner) for name, inner in value.items()}
        case list():
            return [portable(inner) for inner in value]
        case int() if abs(value) >= 2**63:
            return repr(value)
        case float() if value - value != 0:
            return repr(value)
        case _:
            return value
