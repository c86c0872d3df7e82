"""Episodes: maximal stretches of evaluations at which a group's condition holds, each told once.

Evaluations that hold are linked when the later one's window reaches back to the earlier; a window that
ran empty ends the episode. Each evaluation has a mark: 0 where the condition does not hold, else the
number of the episode it belongs to, which was told when that number was given out.
"""

from collections.abc import Iterator, Sequence


def retell(
    times: Sequence[int], marks: list[int], holds: dict[int, bool], span: int
) -> tuple[list[int], int]:
    """Set the marks anew after evaluations ``holds`` (position to outcome, consecutive) were redone.

    Returns the positions that open an episode not told yet, and the first whose mark may be another now.
    An episode that only moved, grew or merged with another was told already, perhaps at another evaluation;
    of one that was split the first part was.
    """
    first, last = _reach(times, marks, holds, span)
    untaken = {marks[i] for i in range(first, last + 1)} - {0}
    fresh = max(marks, default=0) + 1
    stretches = []
    for stretch in _stretches(times, marks, holds, span, first, last):
        own = {marks[i] for i in stretch} & untaken
        untaken -= own
        stretches.append((stretch, own))
    for i, held in holds.items():
        if not held:
            marks[i] = 0
    opened = []
    for stretch, own in stretches:
        if not own and untaken:
            # Told of a stretch that is no more: the late entry moved it here.
            own = {min(untaken)}
            untaken -= own
        elif not own:
            opened.append(stretch[0])
            own = {fresh}
            fresh += 1
        mark = min(own)
        for i in stretch:
            if marks[i] not in own:
                marks[i] = mark
    return opened, first


def _reach(times: Sequence[int], marks: list[int], holds: dict[int, bool], span: int) -> tuple[int, int]:
    """The redone evaluations with the stretches that may be linked to their ends."""
    first, last = min(holds), max(holds)
    while first and marks[first - 1] and times[first] - times[first - 1] <= span:
        first -= 1
    while last + 1 < len(times) and marks[last + 1] and times[last + 1] - times[last] <= span:
        last += 1
    return first, last


def _stretches(
    times: Sequence[int], marks: list[int], holds: dict[int, bool], span: int, first: int, last: int
) -> Iterator[range]:
    start = None
    for i in range(first, last + 1):
        held = holds.get(i, bool(marks[i]))
        if start is not None and not (held and times[i] - times[i - 1] <= span):
            yield range(start, i)
            start = None
        if held and start is None:
            start = i
    if start is not None:
        yield range(start, last + 1)
