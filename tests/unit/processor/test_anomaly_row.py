import json
from contextlib import suppress
from typing import Any

import pytest

from secure_signal.adapters import anomaly_table
from secure_signal.core.errors import RefusedError

ANOMALY = {
    "id": "5f6b7c1e-2d0a-5f57-9c5e-6a1f5f0f7d11",
    "rule_id": "r",
    "rule_title": "R",
    "anomaly_type": "brute_force",
    "severity": "high",
    "user_id": "a",
    "group": {"user_id": "a"},
    "event_time": "2026-05-01T12:00:00Z",
    "detection_timestamp": "2026-05-01T12:00:01Z",
    "evidence": ["1", "2"],
    "summary": "s",
}


def wire(**changes: Any) -> bytes:
    return json.dumps(ANOMALY | changes).encode()


def test_an_anomaly_becomes_a_row() -> None:
    row = anomaly_table.row(wire())
    assert row["group"] == '{"user_id":"a"}'
    assert row["evidence"] == '["1","2"]'


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[]",
        b"\xff",
        wire(id="x"),
        wire(id="{5f6b7c1e-2d0a-5f57-9c5e-6a1f5f0f7d11}"),
        wire(id=f"{ANOMALY['id']}\n"),
        wire(severity="<script>"),
        wire(user_id="u" * 257),
        wire(event_time="yesterday"),
        wire(detection_timestamp="2026-05-01 12:00:01"),
        wire(evidence=[1]),
        wire(evidence=["1"] * 101),
        wire(evidence=["1" * 129]),
        wire(group={"a": None}),
        wire(group={"a": {"b": 1}}),
        wire(group={"a": "\ud800"}),
        wire(group={}).replace(b"{}", b'{"a":' * 100_000),
    ],
)
def test_anything_else_is_refused(value: bytes) -> None:
    with pytest.raises(RefusedError):
        anomaly_table.row(value)


@pytest.mark.parametrize("number", [b"1e400", b"9" * 400, b"-1e-400", b"18446744073709551616"])
def test_no_number_is_a_crash(number: bytes) -> None:
    with suppress(RefusedError):
        anomaly_table.row(wire(group={}).replace(b"{}", b'{"a":' + number + b"}"))
