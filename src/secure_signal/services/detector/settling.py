"""When belated entries that were sent have settled: whatever was sent along with them is in the logs too."""

from collections import deque

_PERIOD = 0.5


class Settling:
    """How far sources were read half a second ago, where entries were belated.

    Whoever begins does not know what was sent before him, so he tells it once in any case.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, dict[int, int]]] = deque()
        self._has_begun = False

    def after(self, offsets: dict[int, int], *, is_belated: bool, now: float) -> dict[int, int]:
        """What has settled by ``now`` (seconds), when sources were read until these offsets; mostly nothing.

        ``is_belated`` says that belated entries are among what was read since the last call.
        """
        if is_belated or (offsets and not self._has_begun):
            self._has_begun = True
            self._marks.append((now, offsets))
        settled: dict[int, int] = {}
        while self._marks and self._marks[0][0] <= now - _PERIOD:
            _, settled = self._marks.popleft()
        return settled
