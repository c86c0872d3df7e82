"""Episodes: maximal stretches of evaluations at which a group's condition holds, each told at one of them.

Evaluations that hold are linked when the later one's window reaches back to the earlier; a window that
ran empty ends the episode. Each evaluation has a mark: whether the condition holds there now, and whether an
episode was told there, which late entries may since have taken back. Every episode has one that is told.
One that late entries joined of several has as many: what was told at once cannot be untold.
"""

from collections.abc import Iterator, Sequence

HOLDS = 1
TOLD = 2


def retell(
    times: Sequence[int], marks: list[int], holds: dict[int, bool], span: int
) -> tuple[list[int], int]:
    """Set the marks anew after evaluations ``holds`` (position to outcome, consecutive) were redone.

    Returns the positions that open an episode of which nothing was told yet, and the first whose mark may be
    another now.
    """
    for i, held in holds.items():
        marks[i] = marks[i] & TOLD | held
    first, last = _reach(times, marks, holds, span)
    stretches = _stretches(times, marks, span, first, last)
    opened = [each.start for each in stretches if not any(marks[i] & TOLD for i in each)]
    for i in opened:
        marks[i] |= TOLD
    return opened, first


def cut(times: Sequence[int], marks: list[int], count: int, span: int) -> None:
    """Before the oldest evaluations are dropped: where one told what goes on after, the first left has."""
    i = count
    while i and marks[i] & marks[i - 1] & HOLDS and times[i] - times[i - 1] <= span:
        i -= 1
        if marks[i] & TOLD:
            marks[count] |= TOLD
            return


def _reach(times: Sequence[int], marks: list[int], holds: dict[int, bool], span: int) -> tuple[int, int]:
    """The redone evaluations with the stretches that may be linked to their ends."""
    first, last = min(holds), max(holds)
    while first and marks[first - 1] & HOLDS and times[first] - times[first - 1] <= span:
        first -= 1
    while last + 1 < len(times) and marks[last + 1] & HOLDS and times[last + 1] - times[last] <= span:
        last += 1
    return first, last


def _stretches(times: Sequence[int], marks: list[int], span: int, first: int, last: int) -> Iterator[range]:
    start = None
    for i in range(first, last + 1):
        held = marks[i] & HOLDS
        if start is not None and not (held and times[i] - times[i - 1] <= span):
            yield range(start, i)
            start = None
        if held and start is None:
            start = i
    if start is not None:
        yield range(start, last + 1)
