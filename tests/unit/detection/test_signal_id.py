"""Ids are packed to the letter."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.detection.windowing import signal_id

ONE = "0190a1b2-89ab-7def-8123-456789abcdef"


@given(st.uuids().map(str))
def test_a_uuid_with_a_letter_takes_sixteen_bytes(text: str) -> None:
    packed = signal_id.pack(text)
    assert packed == (UUID(text).bytes if text.islower() else text)
    assert signal_id.unpack(packed) == text


@pytest.mark.parametrize(
    "text",
    [
        ONE.upper(),
        ONE.replace("-", ""),
        ONE[:-1] + "g",
        ONE[:-1] + "\u0663",
        ONE[:-1] + " ",
        ONE[:-2] + "--",
        "0190a1b-289ab-7def-8123-456789abcdef",
        "",
        "line-1",
    ],
)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert signal_id.unpack(signal_id.pack(text)) == text


@given(st.text("0123456789abcdefAF- ", min_size=36, max_size=36), st.booleans())
def test_what_looks_like_one_is_told_apart(text: str, dashed: bool) -> None:
    if dashed:
        text = "-".join([text[:8], text[8:12], text[12:16], text[16:20], text[20:32]])
    assert signal_id.unpack(signal_id.pack(text)) == text
