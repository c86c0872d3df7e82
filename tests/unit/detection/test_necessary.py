"""What an index looks for in place of a regular expression is in everything that the expression finds."""

import pytest
import re2
from hypothesis import assume, given
from hypothesis import strategies as st

from secure_signal.core.detection.field import fold
from secure_signal.core.detection.matching import necessary

PIECES = st.sampled_from(
    (
        *("a", "b", "ab", "|", "(", ")", "[", "]", "*", "+", "?", "{", "}", ".", "^", "$", "\\", "-", ":"),
        *(
            "(?:",
            "(?i)",
            "a{2}",
            "b{0,1}",
            "{,2}",
            "[a-b]",
            "[^a]",
            "[]a]",
            "[[:alpha:]]",
            "(a|b)",
            "+?",
            "??",
        ),
        *(r"\.", r"\w", r"\x61", r"\Qa|b\E", r"\b", "\u212a", "ſ", "é"),
    )
)
TEXTS = st.text("abAB|.+-{}kſé", max_size=8)


@given(st.lists(PIECES, max_size=8).map("".join), st.lists(TEXTS, max_size=4), st.booleans())
def test_what_is_found_has_one_of_them(source: str, texts: list[str], any_case: bool) -> None:
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(f"(?i){source}" if any_case else source, options).search
    except re2.error:
        assume(False)
    needed = necessary.texts(source)
    for text in texts:
        if search(text) and needed is not None:
            assert any(fold(literal) in fold(text) for literal in needed)


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        (r"\$PSHome\[\s*\d{1,3}\s*\]\s*\+", {"$PSHome["}),
        (r"cmd.{0,5}(?:/c|/r).+powershell.+noexit", {"powershell"}),
        ("abc|de?f", {"abc", "d"}),
        ("abc|.*", None),
        ("(abc|d)", None),
        ("ab+c", {"ab"}),
        (r"abc\x41", None),
        ("(" * 900 + ")" * 900 + "abc", {"abc"}),
    ],
)
def test_alternatives_have_one_each_and_what_may_be_missing_counts_for_nothing(
    source: str, needed: set[str] | None
) -> None:
    assert necessary.texts(source) == needed
