"""Why a live detector may not have told what a rule finds of a stored signal."""

from collections.abc import Iterator

from secure_signal.core.detection import summary
from secure_signal.core.detection.inquiry.coverage import Presence
from secure_signal.core.detection.reorder import SKEW
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Rule
from secure_signal.core.instant import SECOND

_UNITS = (86_400, 3_600, 60)


def of_arrival(rule: Rule, time: int, stored: int, lateness: int) -> Iterator[str]:
    """What a signal's way here says; its own time, when it was stored, and the lateness in microseconds."""
    if not isinstance(rule, Correlation):
        return
    if time > stored + SKEW:
        yield (
            f"Its timestamp was {_spelt(time - stored)} ahead when it was stored: correlations leave out "
            f"what is more than {_spelt(SKEW)} ahead."
        )
    elif stored > time + lateness:
        yield (
            f"It was stored {_spelt(stored - time)} after its timestamp: a window leaves out what comes more "
            f"than {_spelt(lateness)} behind the newest signal of its group, or when it is over already."
        )


def of_presence(rule: Rule, presence: Presence) -> Iterator[str]:
    """What rule coverage says of the time when the signal arrived."""
    known = [each for each in presence.evaluations if each.known]
    sets = ", ".join(sorted({each.run.ruleset for each in known}))
    if not known:
        yield "Which rules were on when it arrived is not remembered."
    elif presence.on is False:
        yield f"The rule was not on when it arrived: the rule set was {sets}."
    elif presence.on is None:
        yield f"The rule was on for a part only of what arrived then: the rule sets were {sets}."
    elif all(each.rule is not None and each.rule.digest != rule.digest for each in known):
        yield f"The rule was on when it arrived, but meant something else: the rule set was {sets}."
    else:
        yield f"The rule was on when it arrived, as it is loaded here: the rule set was {sets}."


def _spelt(microseconds: int) -> str:
    """About how long, in the largest unit of which there are two or more: 90 seconds, 3 days."""
    seconds = microseconds // SECOND
    size = next((size for size in _UNITS if seconds >= 2 * size), 1)
    return summary.duration(seconds // size * size * SECOND)
