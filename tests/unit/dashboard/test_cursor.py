"""A cursor brings its key back, and nothing else passes for one."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core import instant
from secure_signal.core.errors import RefusedError
from secure_signal.services.dashboard import cursor

moments = st.integers(0, instant.LAST).map(instant.to_datetime)
ids = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=128)


@given(moments, ids)
def test_a_key_survives_as_letters_that_need_no_escape(moment: datetime, identity: str) -> None:
    text = cursor.encode((moment, identity))
    assert re.fullmatch(r"[A-Za-z0-9_-]+", text)
    assert cursor.decode(text) == (moment, identity)


@given(st.text(max_size=40))
def test_other_text_is_refused_as_a_cursor(text: str) -> None:
    try:
        key = cursor.decode(text)
    except RefusedError as error:
        assert error.field == "cursor"
    else:
        assert cursor.decode(cursor.encode(key)) == key


@pytest.mark.parametrize(
    "key",
    [
        (instant.to_datetime(0) - timedelta(microseconds=1), "a"),
        (datetime(2026, 5, 1, tzinfo=UTC), "a" * 129),
        (datetime(2026, 5, 1, tzinfo=UTC), "a\0"),
    ],
)
def test_a_key_that_no_row_has_is_refused(key: tuple[datetime, str]) -> None:
    with pytest.raises(RefusedError):
        cursor.decode(cursor.encode(key))
