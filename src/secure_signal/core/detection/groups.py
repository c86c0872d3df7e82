"""The groups of one correlation, as the engine enters signals into them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from secure_signal.core.detection.match import Match, Scalar
from secure_signal.core.detection.metric import Detail
from secure_signal.core.detection.window import Opening

if TYPE_CHECKING:
    from secure_signal.core.detection.windows import Windows


class Groups:
    """All groups of one correlation."""

    def __init__(self, windows: "Windows", correlation: str) -> None:
        self._windows = windows
        self._correlation = correlation

    def enter(
        self,
        group: tuple[Scalar, ...],
        time: int,
        signal_id: str,
        user_id: str,
        detail: Detail,
        position: int,
        now: int,
    ) -> Sequence[Opening]:
        """Put a signal's entry into its group's window: the episodes that this opens, mostly none.

        ``detail`` is what ``metric.detail_of`` keeps of a match: its slots or its values, or nothing.
        """
        slots = tuple(detail) if self._windows.counts_slots(self._correlation) else ()
        match = Match(self._correlation, slots, group, time, signal_id, user_id, tuple(detail))
        entered = self._windows.enter(match, position, now)
        return entered[1] if entered is not None else ()
