"""The guard's short cuts never let through what its slow path would refuse."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secure_signal.core import payload
from secure_signal.core.errors import RefusedError
from secure_signal.core.payload import MAX_BYTES


def _is_suspicious(text: bytes) -> bool:
    return payload._is_suspicious(text, text.translate(payload._ALIKE, b"+-"))


@given(st.binary(max_size=8), st.from_regex(payload._LONG_EXPONENT, fullmatch=True), st.binary(max_size=8))
def test_no_long_exponent_escapes_the_short_cut(before: bytes, exponent: bytes, after: bytes) -> None:
    assert _is_suspicious(before + exponent + after)


ITEMS = [
    b"1",
    b"-1.5",
    b"1e9",
    b"1E-9",
    b"1e+12",
    b"0.25e0",
    b'""',
    b'"e0e00"',
    b'"\\u0041\\\\"',
    b'"\\u0001\\n"',
    b'"\\ud83d\\ude00"',
    b'"\\u0000"',
    b'"\\\\u0000"',
    b'"[{,:"',
    b"[true]",
    b'{"a":false}',
    b"[ null ]",
    b"0." + b"1" * 16_383,
    b"0." + b"1" * 16_384,
    b"0." + b"1" * 16_380 + b"e-4",
    b"1" * 131_072,
    b"1" * 131_073,
]


@given(
    st.lists(st.sampled_from(ITEMS), min_size=1, max_size=3),
    st.sampled_from([b",", b" , "]),
    st.sampled_from([1, 300, MAX_BYTES // 3, MAX_BYTES // 2, 2 * MAX_BYTES // 3, MAX_BYTES]),
    st.integers(-20, 20),
)
@example([b"0." + b"1" * 16_384], b",", 1, 0)
@example([b"0." + b"1" * 16_380 + b"e-4"], b",", 1, 0)
@example([b"1" * 131_073], b",", 1, 0)
def test_what_the_short_cut_passes_the_walk_passes(
    items: list[bytes], comma: bytes, size: int, more: int
) -> None:
    chunk = comma.join(items)
    times = max(1, size // (len(chunk) + len(comma)) + more)
    text = b'{"a":[' + comma.join([chunk] * times) + b"]}"
    if len(text) <= MAX_BYTES and not _is_suspicious(text):
        payload._measure(text)


def test_many_small_numbers_are_passed_without_a_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payload, "_measure", lambda _: pytest.fail("walked"))
    payload.guard(b'{"a":[' + b",".join([b"1"] * 87_000) + b"]}")


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (b'{"a":1e3,"b":[-12,1.50]}', len('{"a": 1000, "b": [-12, 1.50]}')),
        (b'{"a":"\\u0001\\n\\u0022\\u00e9\\/\\u007f"}', len('{"a": "\\u0001\\n\\"\u00e9/\x7f"}'.encode())),
        (b'{"a":{},"b":[],"c":[true,false,null]}', len('{"a": {}, "b": [], "c": [true, false, null]}')),
        (b'{"a":"longer","a":1}', len('{"a": 1}')),
    ],
)
def test_the_walk_counts_what_postgresql_prints(
    monkeypatch: pytest.MonkeyPatch, text: bytes, size: int
) -> None:
    monkeypatch.setattr(payload, "MAX_BYTES", size)
    payload._measure(text)
    monkeypatch.setattr(payload, "MAX_BYTES", size - 1)
    with pytest.raises(RefusedError, match=f"not {size}$"):
        payload._measure(text)


NESTED = st.recursive(
    st.sampled_from([b"1", b'"]}"', b'"\\"[{"', b'"\\\\"']),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda parts: b"[" + b",".join(parts) + b"]")
        | inner.map(lambda part: b'{"[":' + part + b"}")
    ),
)


def _depth(value: object) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return 0 if inner is None else 1 + max(map(_depth, inner), default=0)


@given(NESTED, st.integers(1, 8))
def test_depth_is_that_of_the_value(text: bytes, allowed: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(payload, "MAX_DEPTH", allowed)
        text = b'{"a":' + text + b"}"
        assert payload._is_deep(text) == (_depth(json.loads(text)) > allowed)
