"""Why a live detector may not have told what a rule finds of a stored signal."""

from collections.abc import Iterable, Iterator

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


def of_others(times: Iterable[tuple[int, int]], lateness: int) -> Iterator[str]:
    """The same of the other signals in a window, each by its own time and when it was stored."""
    known = list(times)
    late = sum(stored > time + lateness for time, stored in known)
    early = sum(time > stored + SKEW for time, stored in known)
    if late:
        yield (
            f"Of the window's other signals {late} came more than {_spelt(lateness)} after their time: those "
            "that came so far behind the newest one of their group counted in no window."
        )
    if early:
        yield (
            f"Of the window's other signals {early} lay more than {_spelt(SKEW)} ahead when they came: "
            "they counted in no window."
        )


def of_presence(rule: Rule, presence: Presence) -> Iterator[str]:
    """What rule coverage says of the time when the signal arrived, and those in the window before it."""
    known = [each for each in presence.evaluations if each.known]
    sets = ", ".join(sorted({each.run.ruleset for each in known}))
    is_loaded = {each.rule is not None and each.rule.digest == rule.digest for each in known}
    if not known:
        yield "Which rules were on when it arrived is not remembered."
    elif presence.on is False:
        yield f"The rule was not on when it arrived: the rule set was {sets}."
    elif presence.on is None:
        yield f"The rule was on for a part only of what arrived then: the rule sets were {sets}."
    elif is_loaded == {False}:
        yield f"The rule was on when it arrived, but meant something else: the rule set was {sets}."
    elif len(is_loaded) == 2:
        yield (
            "The rule was changed while its window was filled, which then began anew: "
            f"the rule sets were {sets}."
        )
    else:
        yield f"The rule was on when it arrived, as it is loaded here: the rule set was {sets}."


def _spelt(microseconds: int) -> str:
    """About how long, in the largest unit of which there are two or more: 90 seconds, 3 days."""
    seconds = microseconds // SECOND
    size = next((size for size in _UNITS if seconds >= 2 * size), 1)
    return summary.duration(seconds // size * size * SECOND)
