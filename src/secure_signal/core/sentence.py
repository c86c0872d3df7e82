"""Texts of others inside a sentence of ours."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice

_MOST = 50

CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""Unicode's control characters, its two line separators, and those that turn the direction of a text."""


# msgspec's names of types, in words of someone who writes YAML or TOML.
_NAME = "object|array|str|int|bool|float|null|date|time|datetime"
_TYPE = re.compile(rf"`((?:{_NAME})(?: \| (?:{_NAME}))*)`")
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "str": "a text",
    "int": "a whole number",
    "bool": "true or false",
    "float": "a number",
    "null": "nothing",
    "date": "a date",
    "time": "a time",
    "datetime": "a time",
}


def continued(text: str) -> str:
    """The first letter small, unless the word is an abbreviation."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def visible(text: str) -> str:
    """With control characters as Python spells them, but for the ends of lines: no terminal obeys them."""
    return "\n".join(map(on_one_line, text.split("\n")))


def on_one_line(text: str) -> str:
    """With the ends of lines spelt too, as of a name that is told where."""
    return CONTROL.sub(lambda c: c[0].encode("unicode_escape").decode(), text)


def of_types(text: str) -> str:
    """What msgspec says of types, such as ``Expected `array`, got `str```, in our words."""
    return _TYPE.sub(lambda names: " or ".join(_TYPES[name] for name in names[1].split(" | ")), text)


def first(texts: Iterable[str]) -> Iterator[str]:
    """The first fifty of texts of one kind, and how many more there are."""
    rest = iter(texts)
    yield from islice(rest, _MOST)
    if more := sum(1 for _ in rest):
        yield f"… and {more:,} more like these"
