"""Words of a rule that are read as something else: Sigma's tools read YAML 1.1, where no is false."""

import re
from collections.abc import Iterator

import yaml

_SECTIONS = ("detection", "filter")
_PLAIN = {
    "bool": re.compile(r"true|false", re.IGNORECASE),
    "int": re.compile(r"[-+]?(?:0|[1-9][0-9]*|0x[0-9a-fA-F]+)"),
    "float": re.compile(r"[^_:]*"),
}
_MOST_SHOWN = 5
# One that is longer is larger than any number of Sigma, and refused.
_LONGEST = 300


def notes(document: yaml.Node, builder: yaml.CSafeLoader) -> tuple[str, ...]:
    """What a person should know of the first such words in what a document looks for, with their lines."""
    sections = document.value if isinstance(document, yaml.MappingNode) else ()
    misread = [
        scalar
        for name, section in sections
        if name.value in _SECTIONS
        for scalar in scalars(section)
        if _is_misread(scalar)
    ]
    more = len(misread) - _MOST_SHOWN
    told = (_told(scalar, builder) for scalar in misread[:_MOST_SHOWN])
    return (*told, *([f"and so are {more} more words"] if more > 0 else []))


def _told(scalar: yaml.ScalarNode, builder: yaml.CSafeLoader) -> str:
    value = builder.construct_object(scalar)
    read = str(value).lower() if isinstance(value, bool) else value
    return f"line {scalar.start_mark.line + 1}: {scalar.value} is read as {read}; quote the text"


def _is_misread(scalar: yaml.ScalarNode) -> bool:
    kind = scalar.tag.rpartition(":")[2]
    is_read = not scalar.style and len(scalar.value) <= _LONGEST and kind in _PLAIN
    return is_read and not _PLAIN[kind].fullmatch(scalar.value)


def scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """All words below a node, keys too."""
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from scalars(key)
            yield from scalars(value)
    else:
        for item in node.value:
            yield from scalars(item)
