"""A timespan as rules write it: a whole number and its unit, such as 5m."""

import re

from secure_signal.core.instant import SECOND

_UNITS = {
    "ms": SECOND // 1000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
    "d": 86_400 * SECOND,
    "w": 7 * 86_400 * SECOND,
}
_WRITTEN = re.compile(r"([0-9]{1,9})(ms|[smhdw])")
LONGEST = 3_653 * _UNITS["d"]
"""Ten years, in microseconds."""


class Timespan(int):
    """Microseconds."""


def parse(text: object) -> Timespan:
    """``5m`` and the like, up to ten years; ValueError says how to write one."""
    written = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
    if written is None:
        raise ValueError(
            f"{str(text)[:40]!r} is no timespan; write a whole number and ms, s, m, h, d or w: 5m"
        )
    span = Timespan(int(written[1]) * _UNITS[written[2]])
    if span > LONGEST:
        raise ValueError(f"{text!r} is longer than ten years; write a shorter timespan")
    return span


def render(microseconds: int) -> str:
    """Whole milliseconds in their largest unit, as rules write it: 90 seconds are ``90s``."""
    if microseconds == 0:
        return "0s"
    unit = next(u for u in reversed(_UNITS) if microseconds % _UNITS[u] == 0)
    return f"{microseconds // _UNITS[unit]}{unit}"
