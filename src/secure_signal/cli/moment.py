"""Instants as people write them: RFC 3339, or how far back from now."""

import re
import time

from secure_signal.core import instant
from secure_signal.core.errors import RefusedError, UsageError
from secure_signal.core.instant import SECOND

_AGO = re.compile(r"(\d{1,9})([smhd])")
_UNITS = {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND, "d": 86_400 * SECOND}


def read(option: str, text: str) -> int:
    """``7d`` before now, or an instant in RFC 3339; in microseconds. UsageError names the option."""
    if _AGO.fullmatch(text):
        return ago(option, text)
    try:
        return instant.parse(text)
    except RefusedError as error:
        raise UsageError(f"{option}: an instant {error.reason}; or how far back from now: 24h, 7d.") from None


def ago(option: str, text: str) -> int:
    """The instant that lies a duration such as 90s, 10m, 2h or 7d before now."""
    parts = _AGO.fullmatch(text)
    if parts is None:
        raise UsageError(f"{option} must be a number and s, m, h or d, such as 10m, not {text!r}.")
    moment = now() - int(parts[1]) * _UNITS[parts[2]]
    if moment < 0:
        raise UsageError(f"{option} {text} reaches back before 1970; take a shorter time.")
    return moment


def now() -> int:
    """This moment, in microseconds."""
    return time.time_ns() // 1000
