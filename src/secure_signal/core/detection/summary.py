"""A sentence for a person about what a rule found.

What signals say is quoted cut, and without characters that would steer a terminal or turn a text round.
"""

import re
import sys

from secure_signal.core import sentence
from secure_signal.core.detection.rules.correlation import Alternative, Correlation, Kind, Measure
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.windowing.match import Scalar

_MAX_TEXT = 80
_MAX_WAYS = 3
_LARGEST = sys.float_info.max
# Controls (category Cc), line and paragraph separators, and the marks of the bidirectional algorithm
# (Unicode Standard Annex 9, 2) that embed, override and isolate.
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_HOUR, _LONG = 3_600, 30 * 86_400
_UNITS = ((86_400, "day"), (_HOUR, "hour"), (60, "minute"), (1, "second"))


def of_detection(rule: Detection, user_id: str, signal_type: str) -> str:
    """Such as ``User alice: Login from a disabled account (auth.login)``."""
    return f"User {short(user_id)}: {rule.title} ({short(signal_type)})"


def of_correlation(rule: Correlation, group: tuple[Scalar, ...], measure: Measure) -> str:
    """Such as ``User alice: 7 × failed login within 5 minutes (Brute force)``."""
    return f"{_who(rule, group)}: {_what(rule, measure)} within {duration(rule.timespan)} ({rule.title})"


def _who(rule: Correlation, group: tuple[Scalar, ...]) -> str:
    named = zip(rule.group_by, group, strict=True)
    parts = [f"{'user' if name == 'user_id' else name} {short(str(value))}" for name, value in named]
    who = ", ".join(parts) or "everyone"
    return who[0].upper() + who[1:]


def _what(rule: Correlation, measure: Measure) -> str:
    if rule.alternatives:
        return _ways(rule)
    titles = list(dict.fromkeys(sentence.continued(slot.rule_title) for slot in rule.slots))
    events = " or ".join(titles)
    field = " and ".join(rule.slots[0].value_fields)
    amount = _number(measure)
    match rule.kind:
        case Kind.EVENT_COUNT:
            return f"{amount} × {events}"
        case Kind.VALUE_COUNT:
            return f"{amount} different values of {field} in {events}"
        case Kind.TEMPORAL_ORDERED:
            return f"{amount} of {len(rule.slots)} in order: {', then '.join(titles)}"
        case Kind.TEMPORAL:
            return f"{amount} of {len(rule.slots)} together: {', '.join(titles)}"
        case Kind.VALUE_PERCENTILE:
            return f"percentile {rule.percentile} of {field} is {amount} in {events}"
        case _:
            name = {Kind.VALUE_SUM: "sum", Kind.VALUE_AVG: "average", Kind.VALUE_MEDIAN: "median"}[rule.kind]
            return f"{name} of {field} is {amount} in {events}"


def _ways(rule: Correlation) -> str:
    """The ways in which a boolean condition holds: ``failed login and new device, without logout``."""
    ways = [_way(rule, alternative) for alternative in rule.alternatives[:_MAX_WAYS]]
    more = len(rule.alternatives) - len(ways)
    return ", or ".join([*ways, f"{more} other ways"] if more else ways)


def _way(rule: Correlation, alternative: Alternative) -> str:
    link = " then " if rule.kind is Kind.TEMPORAL_ORDERED else " and "
    there, absent = (
        [sentence.continued(rule.slots[slot].rule_title) for slot in slots]
        for slots in (alternative.there, alternative.absent)
    )
    without = [f"without {' or '.join(absent)}"] if absent else []
    return ", ".join([link.join(there)] * bool(there) + without)


def duration(microseconds: int) -> str:
    """A timespan in its largest whole unit: 5 minutes, 90 seconds; of months about so many days."""
    seconds = microseconds // 1_000_000
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    if size < _HOUR and seconds > _LONG:
        return f"{seconds / 86_400:.1f} days"
    return f"{seconds // size} {unit}{'' if seconds == size else 's'}"


def _number(measure: Measure) -> str:
    if isinstance(measure, int):
        return str(measure)
    # An exact sum of floats can be greater than any of them.
    return f"{float(max(-_LARGEST, min(measure or 0, _LARGEST))):.6g}"


def short(text: str) -> str:
    """A text as it is quoted: cut, and harmless."""
    return harmless(text if len(text) <= _MAX_TEXT else text[: _MAX_TEXT - 1] + "…")


def harmless(text: str) -> str:
    """A text without what would steer a terminal."""
    return _STEERING.sub("\N{REPLACEMENT CHARACTER}", text)
