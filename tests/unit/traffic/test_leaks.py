"""Nothing but behaviour tells an attack: its signals are made of the same fields and ids as all others."""

import json
import re
from collections import defaultdict
from itertools import chain
from typing import Any, NamedTuple

import pytest

from secure_signal.core import instant
from secure_signal.core.traffic.emission import Emission
from secure_signal.core.traffic.stream import Traffic, stream

START = instant.parse("2026-05-04T09:00:00Z")


class Told(NamedTuple):
    """A signal's type, all its fields, and whether it is an attacker's."""

    type: str
    fields: dict[str, Any]
    malicious: bool


@pytest.fixture(scope="module")
def stream_told() -> list[Told]:
    """Half an hour."""
    told = []
    for event in stream(Traffic(seed=1, rate=50), START, START + 1800 * instant.SECOND):
        if isinstance(event, Emission):
            made = event.signal
            fields = json.loads(made.payload) | {"id": made.id, "user_id": made.user_id}
            told.append(Told(made.type, fields, event.label_id is not None))
    return told


@pytest.fixture(scope="module")
def told(stream_told: list[Told]) -> tuple[list[Told], list[Told]]:
    """What is told of attackers, and what of everybody else."""
    return [one for one in stream_told if one.malicious], [one for one in stream_told if not one.malicious]


def shapes(told: list[Told]) -> dict[tuple[str, str], set[str]]:
    """The shapes of each id and the types of each other value, by type of signal and field."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, fields, _ in told:
        for name, value in fields.items():
            found[kind, name].add(shape(name, value))
    return found


def shape(name: str, value: object) -> str:
    if not name.endswith("id"):
        return type(value).__name__
    text = str(value)
    # People's names differ in length; all other ids are of one length.
    return re.sub(r"[a-z]+\d*", "w", text) if name == "user_id" else re.sub(r"[0-9a-z]", "x", text)


def test_ids_and_types_of_values_are_those_of_others(told: tuple[list[Told], list[Told]]) -> None:
    attacks, others = map(shapes, told)
    for field, forms in attacks.items():
        assert forms <= others[field], field


def test_every_signal_of_a_type_has_the_same_fields(told: tuple[list[Told], list[Told]]) -> None:
    names: dict[str, set[str]] = {}
    for kind, fields, _ in chain(*told):
        assert names.setdefault(kind, set(fields)) == set(fields)


PLAIN = (
    *(
        "actor_role",
        "change",
        "channel",
        "currency",
        "dataset",
        "known_device",
        "method",
        "new_role",
        "outcome",
    ),
    *("platform", "reason", "scope", "setting", "status", "value"),
)


def test_no_value_of_a_plain_field_is_the_attackers_alone(told: tuple[list[Told], list[Told]]) -> None:
    attacks, others = (
        {(kind, name, fields[name]) for kind, fields, _ in part for name in PLAIN if name in fields}
        for part in told
    )
    assert attacks <= others


def test_no_session_begins_as_only_attackers_sessions_do(stream_told: list[Told]) -> None:
    first: dict[str, Told] = {}
    for one in stream_told:
        first.setdefault(one.fields["session_id"], one)
    attacks, others = ({one.type for one in first.values() if one.malicious is it} for it in (True, False))
    assert attacks <= others
