"""The contract of a signal, by examples and by properties."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core import instant, signal
from secure_signal.core.errors import RefusedError

VALID = {
    "user_id": "alice",
    "type": "auth.login",
    "timestamp": "2026-05-01T12:00:00Z",
    "payload": {"ip": "203.0.113.7"},
}


def wire(**changes: object) -> bytes:
    return json.dumps(VALID | changes).encode()


def refusal(value: bytes) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        signal.decode(value)
    return caught.value


def test_a_valid_signal_keeps_its_payload_verbatim() -> None:
    raw = b' {"payload": {"n": 1.10, "n2" :1e2},"user_id":"a","type":"t","timestamp":"1970-01-01T00:00:01Z"}'
    found = signal.decode(raw)
    assert found.payload == b'{"n": 1.10, "n2" :1e2}'
    assert found.timestamp == 1_000_000
    assert found.id == ""


@pytest.mark.parametrize("field", ["user_id", "type", "timestamp", "payload"])
def test_a_missing_member_is_named(field: str) -> None:
    value = json.dumps({k: v for k, v in VALID.items() if k != field}).encode()
    assert refusal(value).field == field


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"user_id": ""}, "user_id"),
        ({"user_id": "a" * 257}, "user_id"),
        ({"user_id": 7}, "user_id"),
        ({"type": "a\u0085b"}, "type"),
        ({"timestamp": "2026-05-01T12:00:00+0000"}, "timestamp"),
        ({"timestamp": "2026-05-01 12:00:00Z"}, "timestamp"),
        ({"timestamp": "2026-05-01T12:00:00"}, "timestamp"),
        ({"timestamp": "Z"}, "timestamp"),
        ({"payload": []}, "payload"),
        ({"payload": {"a": "\u0000"}}, "payload"),
        ({"payload": {"a": "\ud800"}}, ""),
        ({"id": {"a": 1}}, "id"),
        ({"id": "a" * 129}, "id"),
    ],
)
def test_a_refusal_names_the_member(changes: dict[str, object], field: str) -> None:
    assert refusal(wire(**changes)).field == field


def test_a_number_as_id_is_its_text_and_null_is_none() -> None:
    assert signal.decode(wire(id=7)).id == "7"
    assert signal.decode(wire(id=None)).id == ""


@pytest.mark.parametrize("levels", [64, 65])
def test_depth_is_bounded_at_64_levels(levels: int) -> None:
    nested = b'{"a":' * levels + b"1" + b"}" * levels
    value = wire(payload={}).replace(b"{}", nested)
    if levels <= 64:
        assert signal.decode(value).payload == nested
    else:
        assert refusal(value).field == "payload"


def test_braces_inside_strings_are_no_depth() -> None:
    assert signal.decode(wire(payload={"a": '{"[\\' * 100}))


def test_a_number_of_hostile_print_size_is_refused_only_beyond_the_limit() -> None:
    assert signal.decode(wire(payload={}).replace(b"{}", b'{"a":1e131071}'))
    assert refusal(wire(payload={}).replace(b"{}", b'{"a":1e131071,"b":1e131071}')).field == "payload"
    assert refusal(wire(payload={}).replace(b"{}", b'{"a":1e-16384}')).field == "payload"
    assert signal.decode(wire(payload={}).replace(b"{}", b'{"a":1e-16383}'))
    assert refusal(wire(payload={}).replace(b"{}", b'{"a":1e99999999999}')).field == "payload"


@pytest.mark.parametrize("number", [b"1e99", b"1e9", b" 1e9"])
def test_many_short_exponents_are_measured_too(number: bytes) -> None:
    numbers = b",".join([number] * (270_000 // (11 if number != b"1e99" else 101)))
    assert refusal(wire(payload={}).replace(b"{}", b'{"a":[' + numbers + b"]}")).field == "payload"


def test_not_json_is_a_refusal_of_the_whole() -> None:
    for value in (b"", b"null", b"[]", b"{", b"\xff", b'{"user_id":"a"}{'):
        refusal(value)


@given(st.integers(min_value=0, max_value=instant.LAST))
def test_an_instant_survives_its_text(moment: int) -> None:
    assert instant.parse(instant.render(moment)) == moment


payloads = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    ),
    max_size=5,
)


@given(payloads)
def test_what_is_encoded_decodes_to_the_same(payload: dict[str, object]) -> None:
    first = signal.decode(wire(id="x", payload=payload))
    assert signal.decode(signal.encode(first)) == first
    assert all(not isinstance(v, float) or math.isfinite(v) for v in payload.values())


@given(st.binary(max_size=60))
def test_any_bytes_are_a_signal_or_a_refusal(value: bytes) -> None:
    try:
        signal.decode(value)
    except RefusedError as error:
        assert error.reason


@pytest.mark.parametrize(
    "text",
    [
        "2026-05-01T12:00:0\\u0030Z",
        "\\u00326-05-01T12:00:00Z",
        '"2026-05-01T12:00:00Z"',
        '"',
        "\\",
        "\ud800",
        "",
    ],
)
def test_what_json_would_escape_is_no_instant(text: str) -> None:
    with pytest.raises(RefusedError) as caught:
        instant.parse(text)
    assert caught.value.field == "timestamp"
