"""A pattern's quick test agrees with the regular expression that it means."""

import re

from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.detection.field import fold
from secure_signal.core.detection.matching.pattern import Pattern, Wildcard

PARTS = st.lists(st.sampled_from(["a", "b", "ab", "É", ".", *Wildcard]), max_size=6)
SIGNS = {Wildcard.MANY: ".*", Wildcard.ONE: "."}


@given(PARTS, st.text("abéÉ.", max_size=8), st.booleans())
def test_as_the_expression(parts: list[str | Wildcard], text: str, cased: bool) -> None:
    expression = "".join(SIGNS[p] if isinstance(p, Wildcard) else re.escape(p) for p in parts)
    expected = re.fullmatch(expression, text, re.DOTALL if cased else re.DOTALL | re.IGNORECASE)
    found = Pattern(tuple(parts), cased).matcher()(text if cased else fold(text))
    assert found == (expected is not None)


@given(st.text())
def test_folding_keeps_length_and_is_settled(text: str) -> None:
    folded = fold(text)
    assert len(folded) == len(text)
    assert fold(folded) == folded
