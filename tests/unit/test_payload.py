"""The guard's short cuts never let through what its slow path would refuse."""

from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core import payload


@given(st.binary(max_size=8), st.from_regex(payload._LONG_EXPONENT, fullmatch=True), st.binary(max_size=8))
def test_no_long_exponent_escapes_the_short_cut(before: bytes, exponent: bytes, after: bytes) -> None:
    assert payload._has_long_exponent(before + exponent + after)
