"""pySigma's errors in our words: where, and how to mend it."""

import re
from collections.abc import Iterator
from itertools import islice

from sigma.exceptions import SigmaError

from secure_signal.core.detection.sigma import sigma_field
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.extension import KEY
from secure_signal.core.detection.sigma.extent import ExcessError
from secure_signal.core.detection.sigma.problem import Problem

_LONGEST = 500
_MOST_FIELDS = 50
_SECTIONS = (("detection",), ("filter",))
# What pySigma quotes, or names in other ways.
_QUOTED = re.compile(r"'([^']+)'|Sigma rule (\w+) must|(\w+) modifier")

_CAPITAL = re.compile(r"found '(?P<word>AND|OR|NOT|And|Or|Not)'")
_UNREAD = re.compile(r"Expected .*, found (?P<word>'.*')")
# What pySigma says of conditions and sections in words of its own, and what that means.
_WORDS = (
    (re.compile("Expected {.*found end of text"), "the condition ends where a selection is missing"),
    (re.compile("Unbalanced parentheses"), "the condition has a parenthesis that is not closed"),
    (
        re.compile("Expected .*found 'of'"),
        "`of` stands between 1, any or all and them, or a name such as sel*",
    ),
    (re.compile("The pipe syntax"), "a | is no longer a part of conditions, but a correlation of its own"),
)
_TYPES = {
    "dict or string": "mapping or a text",
    "dict": "mapping",
    "dictionary": "mapping",
    "string": "text",
    "boolean": "true or false",
}
_TYPE = re.compile(rf"(?<=must be )(an? )?(valid YAML map|{'|'.join(_TYPES)})\b")
_PLACE = re.compile(r"\s*\(at char \d+\), \(line:\d+, col:\d+\)")

# The key at fault and the way out, by pySigma's class of error.
_AT_FAULT: dict[str, tuple[tuple[str, ...], str]] = {
    "SigmaTitleError": (("title",), "write a title of at most 256 characters"),
    "SigmaNameError": (("name",), "write a name of at most 256 characters"),
    "SigmaIdentifierError": (("id",), "write a UUID, as `uuidgen` prints"),
    "SigmaLevelError": (("level",), "write informational, low, medium, high or critical"),
    "SigmaStatusError": (("status",), "write stable, test, experimental, deprecated or unsupported"),
    "SigmaDateError": (("date",), "write a date such as 2026-05-01"),
    "SigmaModifiedError": (("modified",), "write a date such as 2026-05-01"),
    "SigmaTagError": (("tags",), "write a namespace, a dot and a name, such as attack.t1110"),
    "SigmaLogsourceError": (("logsource",), "write product, category or service"),
    "SigmaDetectionError": (("detection",), "write named selections and a condition over them"),
    "SigmaConditionError": (
        ("detection", "condition"),
        "join the names of selections by and, or, not, `1 of` and `all of`",
    ),
    "LongConditionError": (("detection", "condition"), "split the rule into several"),
    "SigmaModifierError": (("detection",), ""),
    "SigmaTypeError": (("detection",), ""),
    "SigmaRegularExpressionError": (("detection",), "mend the expression"),
    "SigmaValueError": (("detection",), ""),
    "ExcessError": (("detection",), ""),
    "SigmaTimespanError": (("correlation", "timespan"), "write a number and s, m, h, d, w, M or y, as in 5m"),
    "SigmaCorrelationTypeError": (("correlation", "type"), "write event_count, value_count, temporal, …"),
    "SigmaCorrelationConditionError": (
        ("correlation", "condition"),
        "write a comparison, as in gte: 5, two for a range, or of temporal rules a and (b or not c)",
    ),
    "SigmaFilterError": (("filter",), "write selections, a condition over them, and the rules"),
    "SigmaFilterConditionError": (("filter", "condition"), "write one, such as `not selection`"),
    "SigmaFilterRuleReferenceError": (("filter", "rules"), "write ids or names of rules, or any"),
    "SigmaCorrelationRuleError": (("correlation",), ""),
}


def of(document: Document, error: SigmaError) -> Iterator[Problem]:
    """pySigma's error, with its line: it tells one, but of a detection the fields that are wrong are told."""
    path, _ = _at_fault(error)
    is_of_fields = path[:1] in _SECTIONS and not isinstance(error, ExcessError)
    faults = list(islice(sigma_field.faults(document), _MOST_FIELDS + 1)) if is_of_fields else []
    for number, (place, fault) in enumerate(faults):
        name = next(step for step in reversed(place) if not step.isdecimal())
        told = (
            f"{brief(name)}: {_told(fault)}"
            if number < _MOST_FIELDS
            else "more fields are wrong, from this one on"
        )
        line = document.line(*(place[:length] for length in range(len(place), 0, -1)))
        yield Problem(document.file, line, told)
    if _message(error) not in (_message(fault) for _, fault in faults):
        yield Problem(document.file, _line(document, error), _told(error))


def _line(document: Document, error: SigmaError) -> int:
    """The line of what an error quotes, or of the key that its class is about."""
    path, _ = _at_fault(error)
    in_filter = ("filter", *path[1:])
    message = _message(error)
    line = None if _UNREAD.match(message) else _line_of_quoted(document, message)
    return line or document.line(path, path[:1], in_filter, in_filter[:1])


def _told(error: Exception) -> str:
    _, advice = _at_fault(error)
    told = brief(_in_words(_message(error)))
    return f"{told.rstrip('.')}; {advice}" if advice else told


def _at_fault(error: Exception) -> tuple[tuple[str, ...], str]:
    kind = type(error).__name__
    if "windash" in _message(error):
        kind = "SigmaValueError"  # pySigma takes the class of a wrong date of modification.
    return _AT_FAULT.get(kind, ((), ""))


def _message(error: Exception) -> str:
    return sigma_field.message_of(error) or type(error).__name__


def _in_words(message: str) -> str:
    """Without what is of the parser: the names of its classes, and its count of characters."""
    capital = _CAPITAL.search(message)
    if capital:
        return f"write `{capital['word'].lower()}` in lower case"
    known = next((words for beginning, words in _WORDS if beginning.match(message)), None)
    if known:
        return known
    unread = _UNREAD.match(message)
    if unread:
        return f"the condition cannot be read from {unread['word']} on"
    return sigma_field.in_words(_TYPE.sub(_type, _PLACE.sub("", message)))


def _type(found: re.Match[str]) -> str:
    word = _TYPES.get(found[2], "mapping")
    return word if word == "true or false" else f"a {word}"


def brief(message: str) -> str:
    """A message without the middle of what is too long to be read."""
    return (
        message if len(message) <= _LONGEST else f"{message[: _LONGEST // 2]} … {message[-_LONGEST // 2 :]}"
    )


def _line_of_quoted(document: Document, message: str) -> int | None:
    """The line of a key that the message quotes, or that has a quoted modifier; the innermost first."""
    quoted = [word.strip() for words in _QUOTED.findall(message) for word in words if word]
    for path in sorted(document.lines, key=len, reverse=True):
        if path and path[0] != KEY and any(word == path[-1] or f"|{word}" in path[-1] for word in quoted):
            return document.lines[path]
    return None
