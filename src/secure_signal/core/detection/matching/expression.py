"""Regular expressions: run by RE2 in linear time, and within bounds by backtracking where RE2 cannot.

Sigma's flavour is PCRE (Modifiers Appendix 2.1); what RE2 reads otherwise is written out for it.
"""

import re
from typing import Any

import re2
import regex
from msgspec import Struct

from secure_signal.core.detection.matching import backtracking
from secure_signal.core.detection.matching.allowance import BoundError
from secure_signal.core.detection.matching.backtracking import ExpressionError
from secure_signal.core.detection.matching.pattern import Matcher

LONGEST_SOURCE = 10_000
"""Characters of an expression."""

# Where RE2 runs out of memory it takes as many steps for a character as its program has instructions, of two
# nanoseconds each.
_LARGE = 250
_MOST_STEPS = 64_000_000


class Expression(Struct, frozen=True, tag=True):
    """A regular expression, searched anywhere in a text as it stands; flags of i, m and s."""

    source: str
    flags: str = ""

    def matcher(self) -> Matcher:
        """Whether it is found in a text; ExpressionError where neither engine takes it.

        Of one that is not linear, or large, the matcher raises BoundError beyond its bounds.
        """
        compiled = self.compiled()
        if isinstance(compiled, regex.Pattern):
            return backtracking.matcher(compiled)
        search = compiled.search
        longest = _MOST_STEPS // compiled.programsize

        def matches(text: str) -> bool:
            if len(text) > longest:
                raise BoundError(f"a text of {len(text)} characters is too long for so large an expression")
            return search(text.encode()) is not None

        # Of bytes it does not count characters, which takes it longer than to search.
        return matches if compiled.programsize > _LARGE else lambda text: search(text.encode()) is not None

    def compiled(self) -> Any:
        """What runs it; backtracking.ExpressionError where neither engine takes it."""
        if len(self.source) > LONGEST_SOURCE:
            raise ExpressionError(
                f"an expression may have {LONGEST_SOURCE} characters, not {len(self.source)}"
            )
        try:
            return re2.compile(self._for_re2, _QUIET)
        except re2.error:
            return backtracking.compiled(self.pattern)

    @property
    def size(self) -> int:
        """Instructions of RE2's program; 0 where it cannot run it."""
        try:
            return int(re2.compile(self._for_re2, _QUIET).programsize)
        except re2.error:
            return 0

    @property
    def pattern(self) -> str:
        """The source, with its flags before it."""
        return f"(?{self.flags}){self.source}" if self.flags else self.source

    @property
    def refusal(self) -> str | None:
        """Why RE2 cannot run it; None where it does."""
        try:
            re2.compile(self._for_re2, _QUIET)
        except re2.error as error:
            return _reason(error)
        return None

    @property
    def _for_re2(self) -> str:
        """The pattern with a vertical tab among the spaces, and ``$`` also before a last line's end."""
        has_lines = "m" in self.flags or _INLINE_M.search(self.source)
        end = "$" if has_lines else r"(?:\n?\z)"
        return _PART.sub(lambda part: _in_re2(part[0], end), self.pattern)


_INLINE_M = re.compile(r"(?<!\\)(?:\\\\)*\(\?[a-z]*m")
_PART = re.compile(r"\\Q.*?(?:\\E|\Z)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*(?:\]|\Z)|\$", re.DOTALL)
_ESCAPE = re.compile(r"\\.", re.DOTALL)
_SPACES = {r"\s": "[:space:]", r"\S": "[:^space:]"}


def _in_re2(part: str, end: str) -> str:
    if part == "$":
        return end
    if part in _SPACES:
        return f"[{_SPACES[part]}]"
    if part.startswith("["):
        return _ESCAPE.sub(lambda escape: _SPACES.get(escape[0], escape[0]), part)
    return part


_QUIET = re2.Options()
_QUIET.log_errors = False
# A quarter of what RE2 takes by itself: what is larger is compiled for a tenth of a second.
_QUIET.max_mem = 2 * 1024 * 1024
# To remember where thousands of groups matched would take memory by the square of their number.
_QUIET.never_capture = True


def _reason(error: Any) -> str:
    what = error.args[0]
    return what.decode(errors="replace") if isinstance(what, bytes) else str(what)
