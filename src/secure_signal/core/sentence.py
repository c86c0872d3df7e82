"""Texts of others inside a sentence of ours."""

import re

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Unicode's control characters, its two line separators, and those that turn the direction of a text."""


def continued(text: str) -> str:
    """The first letter small, unless the word is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def visible(text: str) -> str:
    """With control characters as Python spells them, but for the ends of lines: no terminal obeys them."""
    return CONTROL.sub(lambda c: c[0] if c[0] == "\n" else c[0].encode("unicode_escape").decode(), text)
