"""A body is split into the items it holds, each byte for byte as it was sent."""

import contextlib
import json
import tracemalloc

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from secure_signal.services.emitter import envelope
from secure_signal.services.emitter.envelope import MAX_SIGNALS

JSON = "application/json"
NDJSON = "application/x-ndjson"

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
SPACE = st.text(alphabet=" \t\r\n", max_size=3).map(str.encode)


def _items(body: bytes, content_type: str = JSON) -> list[bytes]:
    return envelope.unpack(Headers({"content-type": content_type}), body).items


def _status(body: bytes, content_type: str = JSON) -> int:
    with pytest.raises(HTTPException) as caught:
        _items(body, content_type)
    return caught.value.status_code


def _decode_as_if_many(body: bytes) -> list[msgspec.Raw]:
    """What an array with very many commas goes through."""
    return [item for item in msgspec.structs.astuple(envelope._decode_first(body)) if item]


@given(values=st.lists(VALUES, max_size=5), space=SPACE, ascii_only=st.booleans())
@pytest.mark.parametrize("few", [True, False])
def test_an_array_is_split_into_its_raw_elements(
    few: bool, values: list[object], space: bytes, ascii_only: bool
) -> None:
    raw = [json.dumps(value, ensure_ascii=ascii_only).encode(errors="replace") for value in values]
    body = space + b"[" + space + (space + b"," + space).join(raw) + space + b"]" + space
    with pytest.MonkeyPatch.context() as patch:
        if not few:
            patch.setattr(envelope, "_decode_few", _decode_as_if_many)
        assert _items(body) == raw


@given(values=st.lists(VALUES, max_size=5), end=st.sampled_from([b"", b"\n", b"\r\n\r\n"]))
def test_lines_are_split_and_blank_ones_are_none(values: list[object], end: bytes) -> None:
    raw = [json.dumps(value).encode() for value in values]
    body = b"\r\n \n".join(raw) + end
    if body.strip():
        assert _items(body, NDJSON) == raw


def test_a_bad_line_is_an_item_of_its_own() -> None:
    assert _items(b'{"a":1}\n{"a"\n{"b":2}', NDJSON) == [b'{"a":1}', b'{"a"', b'{"b":2}']


def test_one_value_is_one_item_without_the_space_around_it() -> None:
    assert _items(b' {"a": 1} \n') == [b'{"a": 1}']


@pytest.mark.parametrize(
    "body", [b"", b" \n", b"{", b"[1,", b"[1 2]", b"[1],", b"\xef\xbb\xbf{}", b"[" * 5000]
)
@pytest.mark.parametrize("few", [True, False])
def test_what_is_no_json_is_refused_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, few: bool, body: bytes
) -> None:
    if not few:
        monkeypatch.setattr(envelope, "_decode_few", _decode_as_if_many)
    assert _status(body) == 400


@pytest.mark.parametrize("rest", [b"", b",{]", b" 1]"])
def test_what_is_no_json_after_the_last_item_that_counts_is_refused_too(rest: bytes) -> None:
    assert _status(b"[" + b",".join([b"{}"] * (MAX_SIGNALS + 9)) + rest) == 400


BOMBS = {
    "one deep element": b"[[" + b",".join([b"{}"] * 3_000_000) + b"]]",
    "many elements": b"[" + b",".join([b"{}"] * 3_000_000) + b"]",
}


@pytest.mark.parametrize("name", BOMBS)
def test_splitting_needs_no_more_memory_than_a_small_part_more_than_the_body(name: str) -> None:
    tracemalloc.start()
    try:
        with contextlib.suppress(HTTPException):
            _items(BOMBS[name])
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(BOMBS[name])


def test_too_many_items_are_refused_and_as_many_as_allowed_are_not() -> None:
    assert len(_items(b"[" + b",".join([b"{}"] * MAX_SIGNALS) + b"]")) == MAX_SIGNALS
    assert _status(b"[" + b",".join([b"{}"] * (MAX_SIGNALS + 1)) + b"]") == 413
    assert _status(b"[" + b",".join([b"0"] * 300_000) + b"]") == 413
    assert _status(b"{}\n" * (MAX_SIGNALS + 1), NDJSON) == 413


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", "json"],
)
def test_other_media_types_are_refused_with_the_ones_that_are_taken(content_type: str) -> None:
    with pytest.raises(HTTPException) as caught:
        _items(b"{}", content_type)
    assert caught.value.status_code == 415
    assert caught.value.headers is not None
    assert JSON in caught.value.headers["Accept"]


@pytest.mark.parametrize(
    "content_type", ['Application/JSON; charset="UTF-8"', "application/jsonl;charset=utf-8"]
)
def test_utf_8_may_be_named(content_type: str) -> None:
    assert _items(b"{}", content_type) == [b"{}"]
