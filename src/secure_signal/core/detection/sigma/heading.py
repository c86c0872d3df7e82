"""What a rule is called and told by: texts that terminals show, and so without what those would obey."""

from collections.abc import Iterator

from secure_signal.core import sentence
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.problem import Problem

_ALLOWED = {"title": "", "name": "", "description": "\t\r\n"}


def problems(document: Document) -> Iterator[Problem]:
    """Each with its line."""
    content = document.content if isinstance(document.content, dict) else {}
    for key, allowed in _ALLOWED.items():
        text = content.get(key)
        controls = sentence.CONTROL.findall(text) if isinstance(text, str) else ()
        found = next((each for each in controls if each not in allowed), None)
        if found:
            what = f"the {key} has the control character U+{ord(found):04X}; take it out"
            yield Problem(document.file, document.line((key,)), what)
