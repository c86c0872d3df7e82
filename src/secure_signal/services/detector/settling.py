"""When belated entries that were sent have settled: whatever was sent along with them is in the logs too."""

from collections import deque

_PERIOD = 0.5
_BETWEEN_MARKS = 1.0


class Settling:
    """How far sources were read half a second ago: at once where entries were belated, else now and then.

    Nobody knows what whoever had the sources before has sent and not told of, and it waits for that.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, dict[int, int]]] = deque()
        self._marked: dict[int, int] = {}
        self._due = 0.0

    def after(self, offsets: dict[int, int], *, is_belated: bool, now: float) -> dict[int, int]:
        """What has settled by ``now`` (seconds), when sources were read until these offsets; mostly nothing.

        ``is_belated`` says that belated entries are among what was read since the last call.
        """
        if is_belated or (offsets != self._marked and now >= self._due):
            self._marks.append((now, offsets))
            self._marked, self._due = offsets, now + _BETWEEN_MARKS
        settled: dict[int, int] = {}
        while self._marks and self._marks[0][0] <= now - _PERIOD:
            _, settled = self._marks.popleft()
        return settled
