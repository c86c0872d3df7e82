"""Text patterns: Sigma's strings with wildcards."""

from collections.abc import Callable
from enum import Enum

import re2
from msgspec import Struct

from secure_signal.core.detection.field import fold

Matcher = Callable[[str], bool]


class Wildcard(Enum):
    """``*`` stands for any text, ``?`` for any one character."""

    MANY = 1
    ONE = 2


class Pattern(Struct, frozen=True, tag=True):
    """A Sigma string: literal texts and wildcards. Without ``cased`` it is matched on folded texts."""

    parts: tuple[str | Wildcard, ...]
    cased: bool = False

    @property
    def literals(self) -> tuple[str, ...]:
        """The texts that stand in everything it matches, in the case it is matched in."""
        return tuple(p if self.cased else fold(p) for p in self.parts if isinstance(p, str))

    @property
    def exact(self) -> str | None:
        """The only text that it matches; None when wildcards let it match many."""
        return None if any(isinstance(p, Wildcard) for p in self.parts) else "".join(self.literals)

    def matcher(self) -> Matcher:
        """The quickest test for its shape; the text is expected folded unless ``cased``.

        ValueError when it has ``?`` and is too long for RE2.
        """
        if Wildcard.ONE in self.parts:
            return _by_expression(self)
        pieces = _pieces(self)
        if len(pieces) == 1:
            return pieces[0].__eq__
        head, *middle, tail = pieces
        if not middle:
            return _by_ends(head, tail)
        if len(middle) == 1 and not head and not tail:
            needle = middle[0]
            return lambda text: needle in text
        return _in_order(head, middle, tail)


def _pieces(pattern: Pattern) -> list[str]:
    """The literal texts between the ``*``, those at the ends possibly empty."""
    pieces = [""]
    for part in pattern.parts:
        if isinstance(part, str):
            pieces[-1] += part if pattern.cased else fold(part)
        else:
            pieces.append("")
    return [pieces[0], *filter(None, pieces[1:-1]), pieces[-1]] if len(pieces) > 1 else pieces


def _by_ends(head: str, tail: str) -> Matcher:
    if not tail:
        return lambda text: text.startswith(head)
    if not head:
        return lambda text: text.endswith(tail)
    shortest = len(head) + len(tail)
    return lambda text: len(text) >= shortest and text.startswith(head) and text.endswith(tail)


def _in_order(head: str, middle: list[str], tail: str) -> Matcher:
    """Each literal after the one before: the leftmost place is always the best for what follows."""

    def matches(text: str) -> bool:
        end = len(text) - len(tail)
        if not (text.startswith(head) and text.endswith(tail)):
            return False
        at = len(head)
        for piece in middle:
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return at <= end

    return matches


def _by_expression(pattern: Pattern) -> Matcher:
    signs = {Wildcard.MANY: ".*", Wildcard.ONE: "."}
    body = "".join(
        signs[p] if isinstance(p, Wildcard) else re2.escape(p if pattern.cased else fold(p))
        for p in pattern.parts
    )
    try:
        fullmatch = re2.compile(f"(?s:{body})", _QUIET).fullmatch
    except re2.error:
        raise ValueError(f"a text with ? of {len(body)} characters is too long; shorten it") from None
    return lambda text: fullmatch(text.encode()) is not None


_QUIET = re2.Options()
_QUIET.log_errors = False
