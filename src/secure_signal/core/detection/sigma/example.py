"""An example beside a rule: signals at given times, and how many anomalies the rule makes of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from secure_signal.core import instant, signal
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.sigma.timespan import Timespan
from secure_signal.core.detection.windowing.match import Scalar
from secure_signal.core.errors import RefusedError
from secure_signal.core.instant import SECOND

MAX_SIGNALS = 10_000

# A Monday, in office hours.
_START = datetime(2026, 1, 5, 12, tzinfo=UTC)


class Burst(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One signal, or ``times`` equal ones that follow each other after ``every``.

    ``at`` is the first one's time since the example's start; None is a second after the signal before it.
    """

    type: str
    at: Timespan | None = None
    user_id: str = "user"
    payload: dict[str, Any] = {}
    times: Annotated[int, Meta(ge=1, le=MAX_SIGNALS)] = 1
    every: Timespan = Timespan(SECOND)


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a rule is tried with: ``finds`` is the number of its anomalies, ``groups`` are their groups."""

    name: Annotated[str, Meta(min_length=1, max_length=256)]
    signals: Annotated[tuple[Burst, ...], Meta(min_length=1)]
    finds: Annotated[int, Meta(ge=0)]
    groups: tuple[dict[str, Scalar], ...] | None = None
    start: Annotated[datetime, Meta(tz=True)] = _START

    def __post_init__(self) -> None:
        if sum(burst.times for burst in self.signals) > MAX_SIGNALS:
            raise ValueError(f"an example may have {MAX_SIGNALS} signals; lower `times`")
        if self.groups is not None and len(self.groups) != self.finds:
            raise ValueError(f"`groups` lists {len(self.groups)}, `finds` says {self.finds}; make them equal")
        for number, (burst, first) in enumerate(self._starts(), 1):
            try:
                _event(burst, "signal", first + (burst.times - 1) * burst.every)
            except (RefusedError, TypeError, OverflowError, ValueError) as error:
                raise ValueError(f"its signal number {number} is none: {error}") from None

    def stream(self) -> list[Event]:
        """The signals by their time, equal times as they are listed; ids count from ``signal-1``."""
        times = [
            (burst, first + n * burst.every) for burst, first in self._starts() for n in range(burst.times)
        ]
        signals = [_event(burst, f"signal-{n}", time) for n, (burst, time) in enumerate(times, 1)]
        return sorted(signals, key=lambda each: each.timestamp)

    def _starts(self) -> Iterator[tuple[Burst, int]]:
        """Each burst with the time of its first signal."""
        start = instant.from_datetime(self.start)
        following = start
        for burst in self.signals:
            first = following if burst.at is None else start + burst.at
            yield burst, first
            following = first + (burst.times - 1) * burst.every + SECOND


def _event(burst: Burst, signal_id: str, time: int) -> Event:
    """Through the contract's own door: an example cannot hold what the live engine never sees."""
    record = {
        "id": signal_id,
        "user_id": burst.user_id,
        "type": burst.type,
        "timestamp": instant.render(time),
        "payload": burst.payload,
    }
    return Event.of(signal.decode(msgspec.json.encode(record)))
