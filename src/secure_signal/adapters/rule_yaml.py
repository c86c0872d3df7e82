"""YAML with bounds: a rule file is input, and ten hostile lines of YAML can spell a billion nodes."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import yaml

from secure_signal.adapters import rule_scalars
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.problem import Problem

_MAX_DOCUMENTS = 5_000
_MAX_NODES = 20_000
_MAX_CHARACTERS = 1024 * 1024
_MAX_DEPTH = 32
_LINES_DEPTH = 6
_MAX_SHOWN = 40
_COUNTED = " (of an alias, those it stands for count); split the document into several"
_INDENT = "the indentation differs from that of the lines above, or a quote or bracket is not closed"
# What PyYAML's constructors raise at a scalar that is not what it looks like, or what its tag says.
_NOT_SO = (ValueError, LookupError, AttributeError, ArithmeticError)
# What libyaml says, and what there is to mend.
_WORDS = {
    "did not find expected key": _INDENT,
    "did not find expected '-' indicator": _INDENT,
    "mapping values are not allowed in this context": "a colon stands where none can be; quote the text",
    "found character that cannot start any token": "a word begins with a tab, @, ` or %; quote the text",
    "could not determine a constructor": "a sign or tag stands where a value is to be; quote the text",
    "could not find expected ':'": "a key has no colon after it",
}


def read(content: bytes, file: str) -> Iterator[Document | Problem]:
    """The documents of a file; a problem, and nothing after it, where the YAML is wrong."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        yield Problem(file, line, f"cannot be read: not UTF-8 at byte {error.start}; save it as UTF-8")
    else:
        documents = list(_documents(text, file))
        yield from documents or [Problem(file, None, "is empty; write a rule, or take the file out")]


def _documents(text: str, file: str) -> Iterator[Document | Problem]:
    try:
        excess = _excess(text)
        if excess is not None:
            raise excess
        builder = yaml.CSafeLoader("")
        for node in yaml.compose_all(text, yaml.CSafeLoader):
            _check(node, {})
            content = _content(node, builder)
            if content is not None:
                yield Document(content, file, dict(_lines(node, ())), rule_scalars.notes(node, builder))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        why = _WORDS.get(str(error.problem).partition(" for the tag")[0], error.problem)
        yield Problem(file, mark.line + 1 if mark else 1, f"is no YAML that can be read: {why}")
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        yield Problem(file, line, f"is no YAML that can be read: {error.reason}")
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        yield Problem(file, 1, f"is no YAML that can be read: {error}")


def _content(node: yaml.Node, builder: yaml.CSafeLoader) -> Any:
    try:
        return builder.construct_document(node)
    except _NOT_SO:
        guilty = next(filter(_is_wrong, rule_scalars.scalars(node)), node)
        shown = str(guilty.value)[:_MAX_SHOWN]
        plain = builder.resolve(yaml.ScalarNode, guilty.value, (True, False))  # type: ignore[no-untyped-call]
        if guilty.tag != plain:
            what = f"'{shown}' is not what its tag says; take the tag out, and quote the text"
        else:
            what = f"'{shown}' cannot be the number or date that it looks like; quote the text"
        raise _refusal(guilty, what) from None


def _is_wrong(scalar: yaml.ScalarNode) -> bool:
    try:
        yaml.CSafeLoader("").construct_object(scalar)
    except _NOT_SO:
        return True
    return False


def _excess(text: str) -> yaml.MarkedYAMLError | None:
    """What there is too much of: asked before composing, which recurses in C without a bound of its own.

    What is no YAML ends the search: composing stops there too, and says so.
    """
    depth = documents = 0
    with suppress(yaml.YAMLError):
        for event in yaml.parse(text, yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > _MAX_DEPTH:
                    return _refusal(event, f"nested deeper than {_MAX_DEPTH} levels; write it flatter")
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            elif isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > _MAX_DOCUMENTS:
                    return _refusal(
                        event, f"more than {_MAX_DOCUMENTS} documents; split it into several files"
                    )
    return None


def _check(node: yaml.Node, sizes: dict[int, tuple[int, int]], depth: int = 0) -> tuple[int, int]:
    """How many nodes and characters of text there are when each alias is written out.

    MarkedYAMLError beyond the bounds. Checked before anything is built: building, and ``<<`` most of all,
    writes aliases out.
    """
    if depth > _MAX_DEPTH:
        raise _refusal(node, f"nested deeper than {_MAX_DEPTH} levels, or within itself; write it flatter")
    if isinstance(node, yaml.ScalarNode):
        return 1, len(node.value)
    if id(node) not in sizes:
        nodes, characters = 1, 0
        for child in _children(node):
            more, longer = _check(child, sizes, depth + 1)
            nodes, characters = nodes + more, characters + longer
        if nodes > _MAX_NODES:
            raise _refusal(node, f"more than {_MAX_NODES} nodes{_COUNTED}")
        if characters > _MAX_CHARACTERS:
            raise _refusal(node, f"more than {_MAX_CHARACTERS} characters{_COUNTED}")
        sizes[id(node)] = nodes, characters
    return sizes[id(node)]


def _children(node: yaml.Node) -> Iterator[yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        yield from node.value
        return
    keys = set()
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value in keys:
            raise _refusal(key, f"the key '{key.value}' stands twice")
        keys.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        yield key
        yield value


def _refusal(at: Any, reason: str) -> yaml.MarkedYAMLError:
    """Of a node or an event: its beginning is what is told."""
    return yaml.MarkedYAMLError(problem=reason, problem_mark=at.start_mark)


def _lines(node: yaml.Node, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """The lines of a document, its keys and the places of its lists, as deep as messages go."""
    if not path:
        yield path, node.start_mark.line + 1
    if len(path) >= _LINES_DEPTH:
        return
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1
            yield from _lines(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            here = (*path, str(number))
            yield here, item.start_mark.line + 1
            yield from _lines(item, here)
