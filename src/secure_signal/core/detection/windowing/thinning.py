"""Which groups of a correlation go to rest, end, or are dropped because all take too much."""

from heapq import nlargest
from itertools import islice

from secure_signal.core.detection.windowing import resting
from secure_signal.core.detection.windowing.group_key import Key
from secure_signal.core.detection.windowing.population import Population

# So many at the front may be alive before a sweep gives up: entries ahead of their time hold up few.
_PATIENCE = 32
# One of so many is dropped at a time, so that looking for them is a constant cost for each.
_SHARE = 64


def forget_over(groups: Population) -> None:
    """Drop the groups that event time has left behind; those longest at rest stand in front."""
    start = groups.terms.census.watermark - groups.terms.reach
    over, alive = [], []
    for key, state in groups.resting.items():
        if resting.newest(state) < start:
            over.append(key)
        else:
            alive.append(key)
            if len(alive) == _PATIENCE:
                break
    for key in over:
        groups.forget(key)
    groups.put_last(alive)


def lay_to_rest(groups: Population) -> None:
    """Let the windows rest that nothing came for since the last time, unless there are few."""
    start = groups.terms.census.watermark - groups.terms.reach
    for key, window in list(groups.awake.items()):
        newest = window.times[-1]
        if newest < start:
            groups.forget(key)
        elif window.swept != newest:
            window.swept = newest
        elif not (window.is_long or groups.is_small):
            groups.rest(key)


def thin_out(groups: Population) -> int:
    """Let all windows rest that can, or else drop some groups: how many.

    Where long windows take most, the longest are dropped. Else it is some at the front, and of these only
    those with a single entry while there are any: a flood of random names displaces itself, and not an
    attack that is under way.
    """
    short = [key for key, window in groups.awake.items() if not window.is_long]
    if len(short) > len(groups) // _SHARE:
        for key in short:
            groups.rest(key)
        return 0
    dropped = _longest(groups) or _first_at_rest(groups)
    for key in dropped:
        groups.forget(key)
    return len(dropped)


def _longest(groups: Population) -> list[Key]:
    """Some long windows, where they take most."""
    if 2 * sum(window.weight for window in groups.awake.values()) <= groups.terms.memory:
        return []
    return nlargest(1 + len(groups.awake) // _SHARE, groups.awake, key=lambda key: groups.awake[key].weight)


def _first_at_rest(groups: Population) -> list[Key]:
    """Some in front, which then are looked at after all others."""
    front = list(islice(groups.resting, 1 + len(groups.resting) // _SHARE))
    single = [key for key in front if resting.count(groups.resting[key]) == 1]
    groups.put_last(front)
    return single or front
