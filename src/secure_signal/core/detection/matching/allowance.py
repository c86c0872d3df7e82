"""Searches that may take long, kept to a share of the time: whoever sends the worst texts stops nobody."""

from collections.abc import Callable
from time import perf_counter

SHARE = 0.00025
"""Seconds that a search may take a text on the average; beyond, texts are not searched."""

# Seconds it may take beyond its share: some bad texts are searched like any.
_RESERVE = 0.1


class BoundError(RuntimeError):
    """A search was given up: the text is too long, or it took too long."""


class Allowance:
    """A search within bounds: of texts up to ``longest`` characters, on the average no longer than SHARE.

    ``dearest`` is how many seconds of one search count: the process may have had to wait meanwhile.
    """

    def __init__(self, search: Callable[[str], bool], longest: int, dearest: float) -> None:
        self._search = search
        self._longest = longest
        self._dearest = dearest
        self._credit = _RESERVE

    def __call__(self, text: str) -> bool:
        """Whether it is found; BoundError beyond the bounds."""
        if len(text) > self._longest:
            raise BoundError(
                f"a text of {len(text)} characters is not searched: {self._longest} are the most"
            )
        self._credit = min(self._credit + SHARE, _RESERVE)
        if self._credit < 0:
            raise BoundError(f"searches took more than {SHARE} s a text of late")
        begun = perf_counter()
        try:
            return self._search(text)
        finally:
            self._credit -= min(perf_counter() - begun, self._dearest)
