"""Texts that stand for rules are found as Python's own wildcards are."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from secure_signal.core.detection.rules.selector import Selector

paths = st.text("ab", min_size=1, max_size=8)


@given(st.text("ab*", min_size=1, max_size=6), paths)
@example("ab*ba", "aba")
@example("*ab*ab", "ab")
def test_a_star_is_any_text(text: str, path: str) -> None:
    assert bool(Selector([text]).of("", "", path)) == fnmatchcase(path, text)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("id-1", True),
        ("logins", True),
        ("log*", True),
        ("web", True),
        ("web/", True),
        ("web/deep", True),
        ("web/deep/a.yml", True),
        ("*/a.yml", True),
        ("we", False),
        ("deep", False),
        ("a.yml", False),
        ("id*", False),
        ("/", False),
        ("web/?eep/a.yml", False),
    ],
)
def test_what_a_text_stands_for(text: str, is_found: bool) -> None:
    assert Selector(["none", text]).of("id-1", "logins", "web/deep/a.yml") == (
        {text.rstrip("/")} if is_found else set()
    )


def test_a_rule_without_a_name_is_not_called_nothing() -> None:
    assert not Selector(["/"]).of("id-1", "", "a.yml")
