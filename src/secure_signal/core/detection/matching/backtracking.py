"""Regular expressions that RE2 cannot run (look-around, back-references): searched by backtracking, bounded.

Backtracking may take time exponential in the text, and its compiler writes counted repeats out.
"""

import math
from contextlib import suppress

import regex

from secure_signal.core.detection.matching.allowance import Allowance, BoundError
from secure_signal.core.detection.matching.pattern import Matcher

TIMEOUT = 0.005
"""Seconds that the search of one text may take."""
LONGEST_TEXT = 16_384
"""Characters of a text that is searched at all."""
LONGEST_SOURCE = 1_000
"""Characters of an expression."""
LARGEST = 400_000
"""Characters of an expression whose counted repeats all stand within each other, written out."""

_REPEAT = regex.compile(r"\{(\d*)(?:,(\d*))?\}")
# Recursion, which takes memory without end, and what no other engine than this one understands so.
_FOREIGN = regex.compile(
    r"\(\?(?:R|\d|[+-]\d|&|P[>&]|[a-zA-Z]*V\d)|(?<!\\)\{\s*(?:\d+\s*<=?\s*)?[idse]\b[^}]*\}"
)


class ExpressionError(ValueError):
    """It is no regular expression, or one that is too much for its engine."""


def matcher(compiled: "regex.Pattern[str]") -> Matcher:
    """Whether a pattern is found in a text; BoundError when a search reaches its bounds."""
    search = compiled.search

    def matches(text: str) -> bool:
        try:
            return search(text, timeout=TIMEOUT) is not None
        except TimeoutError:
            raise BoundError(f"a search by backtracking took more than {TIMEOUT} s") from None

    with suppress(BoundError):
        matches(" " * LONGEST_SOURCE)  # It prepares itself at its first search: now, and not at a signal.
    return Allowance(matches, LONGEST_TEXT, TIMEOUT)


def compiled(pattern: str) -> "regex.Pattern[str]":
    """The pattern, ready for ``matcher``; ExpressionError when it is none, or one beyond the bounds."""
    if len(pattern) > LONGEST_SOURCE or _written_out(pattern) > LARGEST:
        raise ExpressionError("RE2 cannot run it, and for another engine it is too large: repeat less")
    if _FOREIGN.search(pattern):
        raise ExpressionError("it has recursion or a sign that engines read differently")
    try:
        # Letters and digits are of ASCII, as RE2 has them; letters that are not have their other case too.
        return regex.compile(pattern, regex.ASCII if pattern.isascii() else 0)
    except regex.error as error:
        raise ExpressionError(str(error)) from None
    except (RecursionError, OverflowError):
        raise ExpressionError("it is nested too deep") from None


def _written_out(pattern: str) -> int:
    """At most so many characters the pattern has when its counted repeats are written out."""
    counts = (int(most or least or 1) for least, most in _REPEAT.findall(pattern))
    return len(pattern) * math.prod(max(1, count) for count in counts)
