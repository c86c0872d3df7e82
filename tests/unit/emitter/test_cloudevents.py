"""CloudEvents become signals by the mapping that the documentation gives."""

import json
from typing import Any

import pytest
from starlette.datastructures import Headers

from secure_signal.core import identity, instant
from secure_signal.core.errors import RefusedError
from secure_signal.services.emitter import cloudevents, envelope

EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "https://example.com/shop",
    "type": "com.example.login",
    "time": "2026-05-01T12:00:00Z",
    "subject": "alice",
    "datacontenttype": "application/json",
    "data": {"ip": "203.0.113.7", "number": 1},
}


def _judge(**changes: Any) -> Any:
    event = {name: value for name, value in {**EVENT, **changes}.items() if value is not None}
    return cloudevents.judge(json.dumps(event).encode())


def test_every_attribute_finds_its_place() -> None:
    signal, value = _judge()
    assert signal.id == identity.of_event("https://example.com/shop", "A234-1234-1234")
    assert (signal.user_id, signal.type) == ("alice", "com.example.login")
    assert signal.timestamp == instant.parse("2026-05-01T12:00:00Z")
    assert json.loads(signal.payload) == EVENT["data"]
    assert json.loads(value)["id"] == signal.id


def test_the_extension_names_the_user_before_the_subject_does() -> None:
    assert _judge(userid="bob")[0].user_id == "bob"
    assert _judge(userid="bob", subject=None)[0].user_id == "bob"


def test_equal_ids_of_two_sources_are_two_signals() -> None:
    assert _judge(source="a")[0].id != _judge(source="b")[0].id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"specversion": "0.3"}, "specversion"),
        ({"id": None}, "id"),
        ({"id": ""}, "id"),
        ({"source": ""}, "source"),
        ({"time": None}, "time"),
        ({"time": "yesterday"}, "time"),
        ({"subject": None}, "subject"),
        ({"subject": "x" * 257}, "subject"),
        ({"type": ""}, "type"),
        ({"data": None}, "data"),
        ({"data": [1]}, "data"),
        ({"data": {"a": "\0"}}, "data"),
        ({"data": None, "data_base64": "AA=="}, "data"),
        ({"datacontenttype": "text/xml"}, "datacontenttype"),
    ],
)
def test_a_refusal_names_the_attribute_as_cloudevents_do(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(RefusedError) as caught:
        _judge(**changes)
    assert caught.value.field == field


@pytest.mark.parametrize("item", [b"", b"[]", b"{", b'"\xff"', b'{"a":' * 5000, b'{"id":"\\ud800"}'])
def test_what_is_no_event_is_refused(item: bytes) -> None:
    with pytest.raises(RefusedError):
        cloudevents.judge(item)


def test_structured_and_batched_mode_say_the_same() -> None:
    raw = json.dumps(EVENT).encode()
    modes = [
        ({"content-type": "application/cloudevents+json"}, raw),
        ({"content-type": "application/cloudevents-batch+json"}, b"[" + raw + b"]"),
    ]
    unpacked = [envelope.unpack(Headers(headers), body) for headers, body in modes]
    structured, batched = [[one.judge(item)[0] for item in one.items] for one in unpacked]
    assert structured == batched
    assert [signal.user_id for signal in structured] == ["alice"]


def test_data_in_binary_mode_is_not_taken_for_events() -> None:
    """An event's data can be an array: its elements would all get the one event's id."""
    headers = {"content-type": "application/json", "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/s"}
    one = envelope.unpack(Headers(headers), b"[{},{}]")
    for item in one.items:
        with pytest.raises(RefusedError, match="required"):
            one.judge(item)
