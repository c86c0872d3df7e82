"""Texts that stand for rules: an id, a name, the path of a file or of a folder; ``*`` in them is any text."""

from collections.abc import Callable, Iterable

MAX_WILDCARDS = 100
"""Texts with ``*``: each is compared with each rule. Of others there may be any number."""


class Selector:
    """A list of such texts."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._whole = {text.rstrip("/") for text in texts} - {""}
        self._wild = [(text, _fits(text)) for text in self._whole if "*" in text]

    def of(self, id_: str, name: str, path: str) -> set[str]:
        """Those of the texts, without a slash at their end, that stand for a rule."""
        parts = path.split("/")
        found = self._whole & {id_, name, *("/".join(parts[:end]) for end in range(1, len(parts) + 1))}
        found.update(text for text, fits in self._wild if fits(path) or fits(name))
        return found


def _fits(wild: str) -> Callable[[str], bool]:
    """Whether a text is like one with ``*``; no regular expression, as any number of them is soon told."""
    first, *between, last = wild.split("*")

    def fits(text: str) -> bool:
        at = len(first)
        for part in between:
            at = text.find(part, at) + len(part)
            if at < len(part):
                return False
        return text.startswith(first) and text.endswith(last) and at + len(last) <= len(text)

    return fits
