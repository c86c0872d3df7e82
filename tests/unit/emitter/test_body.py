"""A body is inflated within bounds, whatever it claims to be."""

import gzip
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.exceptions import HTTPException

from secure_signal.services.emitter import body
from secure_signal.services.emitter.body import MAX_BYTES, Backlog

zstd: Any = vars(body)["zstd"]
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "zstd": zstd.compress}
CODINGS = st.sampled_from(sorted(COMPRESS))


def _status(raw: bytes, coding: str) -> int:
    with pytest.raises(HTTPException) as caught:
        body.inflate(raw, coding)
    return caught.value.status_code


@given(coding=CODINGS, parts=st.lists(st.binary(max_size=300), min_size=1, max_size=3))
def test_what_was_compressed_comes_back_also_in_several_members(coding: str, parts: list[bytes]) -> None:
    assert body.inflate(b"".join(map(COMPRESS[coding], parts)), coding) == b"".join(parts)


@given(coding=CODINGS, content=st.binary(min_size=1, max_size=300), data=st.data())
def test_a_body_cut_off_anywhere_is_refused(coding: str, content: bytes, data: st.DataObject) -> None:
    raw = COMPRESS[coding](content)
    cut = data.draw(st.integers(1, len(raw) - 1))
    assert _status(raw[:cut], coding) == 400


@given(coding=CODINGS, raw=st.binary(min_size=1, max_size=100))
def test_noise_is_refused_and_never_an_error_of_ours(coding: str, raw: bytes) -> None:
    try:
        body.inflate(raw, coding)
    except HTTPException as error:
        assert error.status_code == 400


@pytest.mark.parametrize("coding", COMPRESS)
def test_the_limit_is_exact(coding: str) -> None:
    assert len(body.inflate(COMPRESS[coding](bytes(MAX_BYTES)), coding)) == MAX_BYTES
    assert _status(COMPRESS[coding](bytes(MAX_BYTES + 1)), coding) == 413


@pytest.mark.parametrize("coding", COMPRESS)
def test_a_bomb_takes_no_more_memory_than_the_limit(coding: str) -> None:
    bomb = COMPRESS[coding](bytes(20 * MAX_BYTES))
    tracemalloc.start()
    try:
        assert _status(bomb, coding) == 413
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MAX_BYTES


def test_a_zstd_frame_may_not_ask_for_a_huge_window() -> None:
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    assert _status(zstd.compress(bytes(20_000_000), options=options), "zstd") == 400


def test_the_backlog_refuses_beyond_its_limit_and_gets_back_what_was_held() -> None:
    backlog = Backlog(10)
    with backlog.share() as first, backlog.share() as second:
        first.hold(6)
        second.hold(4)
        with pytest.raises(HTTPException) as caught:
            second.hold(1)
        assert caught.value.status_code == 429
        assert caught.value.headers == {"Retry-After": "1"}
    assert backlog.held == 0
