"""Nothing but behaviour tells an attack: its signals are made of the same fields and ids as all others."""

import json
import re
from collections import defaultdict
from itertools import chain
from typing import Any

import pytest

from secure_signal.core import instant
from secure_signal.core.traffic.emission import Emission
from secure_signal.core.traffic.stream import Traffic, stream

START = instant.parse("2026-05-04T09:00:00Z")


Told = tuple[str, dict[str, Any]]
"""A signal's type, and all its fields."""


@pytest.fixture(scope="module")
def told() -> tuple[list[Told], list[Told]]:
    """Half an hour: (what is told of attackers, what of everybody else)."""
    attacks: list[Told] = []
    others: list[Told] = []
    for event in stream(Traffic(seed=1, rate=50), START, START + 1800 * instant.SECOND):
        if isinstance(event, Emission):
            made = event.signal
            fields = json.loads(made.payload) | {"id": made.id, "user_id": made.user_id}
            (attacks if event.label_id else others).append((made.type, fields))
    return attacks, others


def shapes(told: list[Told]) -> dict[tuple[str, str], set[str]]:
    """The shapes of each id and the types of each other value, by type of signal and field."""
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind, fields in told:
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
    for kind, fields in chain(*told):
        assert names.setdefault(kind, set(fields)) == set(fields)


def test_no_outcome_reason_or_status_is_the_attackers_alone(told: tuple[list[Told], list[Told]]) -> None:
    plain = ("outcome", "reason", "method", "known_device", "setting", "status", "change", "channel", "value")
    attacks, others = (
        {(kind, name, fields[name]) for kind, fields in part for name in plain if name in fields}
        for part in told
    )
    assert attacks <= others
