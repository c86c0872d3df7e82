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


def test_structured_batched_and_binary_mode_say_the_same() -> None:
    raw = json.dumps(EVENT).encode()
    attributes = {f"ce-{name}": value for name, value in EVENT.items() if name[:4] != "data"}
    attributes["ce-subject"] = "%61lice"
    modes = [
        ({"content-type": "application/cloudevents+json"}, raw),
        ({"content-type": "application/cloudevents-batch+json"}, b"[" + raw + b"]"),
        ({"content-type": "application/json", **attributes}, json.dumps(EVENT["data"]).encode()),
    ]
    unpacked = [envelope.unpack(Headers(headers), body) for headers, body in modes]
    first, *others = [[one.judge(item)[0] for item in one.items] for one in unpacked]
    assert [first[0].user_id, len(first)] == ["alice", 1]
    for other in others:
        assert [(s.id, s.user_id, s.type, s.timestamp, json.loads(s.payload)) for s in other] == [
            (s.id, s.user_id, s.type, s.timestamp, json.loads(s.payload)) for s in first
        ]
