"""Made traffic against a real clock: what is late is put off, with all that follows."""

from msgspec.structs import replace

from secure_signal.core.signal import Signal
from secure_signal.core.traffic.emission import Emission
from secure_signal.core.traffic.label import Label


class Timetable:
    """Moves a stream's instants (microseconds) by the delay so far.

    Signals are stamped with the time they are due by now; labels of attacks under way are told again
    when a delay has moved their end.
    """

    def __init__(self) -> None:
        self.delay = 0
        self._last = 0
        self._under_way: list[Label] = []

    def due(self, emission: Emission) -> int:
        """When a signal is to happen."""
        return emission.due + self.delay

    def signal(self, emission: Emission) -> Signal:
        """A signal with its time of today."""
        self._last = self.due(emission)
        return replace(emission.signal, timestamp=self._last)

    def label(self, label: Label) -> Label:
        """A label with its times of today, for an attack that is about to begin."""
        moved = replace(label, start=label.start + self.delay, end=label.end + self.delay)
        self._under_way = [other for other in self._under_way if other.end > self._last] + [moved]
        return moved

    def postpone(self, by: int) -> list[Label]:
        """Put off all that is to come; the labels that are different now."""
        self.delay += by
        self._under_way = [self._moved(label, by) for label in self._under_way if label.end > self._last]
        return list(self._under_way)

    def _moved(self, label: Label, by: int) -> Label:
        begun = label.start <= self._last
        return replace(label, start=label.start if begun else label.start + by, end=label.end + by)
