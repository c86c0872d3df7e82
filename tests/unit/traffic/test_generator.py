"""The live loop on a clock of the test's own: at the clock's pace, without bursts after a pause."""

import asyncio
from collections.abc import Callable

import pytest

from secure_signal.adapters.settings import Settings
from secure_signal.core import instant
from secure_signal.core.errors import RetryError
from secure_signal.core.signal import Signal
from secure_signal.core.traffic.label import Label
from secure_signal.core.traffic.stream import Traffic, stream
from secure_signal.services.emitter import generator

SECOND = instant.SECOND
START = instant.parse("2026-05-04T09:00:00Z")
TICK = SECOND // 20


class Played:
    """What came of playing the live loop's stream by ticks, with a pause of no ticks at all in it."""

    def __init__(self, rate: float = 50) -> None:
        self.labels: dict[str, Label] = {}
        self.signals: list[Signal] = []
        self._live = generator.Live(stream(Traffic(1, rate), START), self._tell)

    def _tell(self, label: Label) -> None:
        self.labels[label.id] = label

    def play(self, since: int, until: int) -> list[int]:
        """How many signals were due at each tick."""
        counts = []
        for now in range(since, until, TICK):
            due = self._live.due(now)
            assert all(now - 2 * SECOND < signal.timestamp <= now for signal in due)
            counts.append(len(due))
            self.signals += due
        return counts


def test_signals_are_due_at_the_pace_of_the_clock() -> None:
    played = Played()
    counts = played.play(START, START + 60 * SECOND)
    assert sum(counts) == pytest.approx(3000, rel=0.03)
    assert max(counts) < 20


def test_a_pause_is_not_made_up_for() -> None:
    played = Played()
    played.play(START, START + 20 * SECOND)
    counts = played.play(START + 300 * SECOND, START + 320 * SECOND)
    assert sum(counts) == pytest.approx(1000, rel=0.1)
    assert max(counts) < 20


def test_labels_hold_their_signals_times_also_of_attacks_that_a_pause_cut_in_two() -> None:
    played = Played()
    for now in range(START, START + 1000 * SECOND, 100 * SECOND):
        played.play(now, now + 20 * SECOND)
    times = {signal.id: signal.timestamp for signal in played.signals}
    whole = [one for one in played.labels.values() if all(id_ in times for id_ in one.signal_ids)]
    assert any(one.end - one.start > 80 * SECOND for one in whole)
    for one in whole:
        at = [times[id_] for id_ in one.signal_ids]
        assert (one.start, one.end) == (at[0], at[-1])


def test_more_than_can_be_sent_is_left_out_in_time() -> None:
    played = Played(rate=30_000)
    counts = played.play(START, START + SECOND)
    assert max(counts) == 1000


def run(settings: Settings, accept: generator.Accept, clock: Callable[[], int]) -> None:
    asyncio.run(generator.run(settings, accept, lambda _: None, clock))


def test_a_rate_of_zero_makes_nothing() -> None:
    async def accept(_: list[Signal]) -> None:
        raise AssertionError

    run(Settings(signals_per_second=0), accept, lambda: START)


def test_what_was_not_taken_is_offered_again_unchanged() -> None:
    offered: list[list[Signal]] = []

    class EnoughError(Exception):
        pass

    async def accept(batch: list[Signal]) -> None:
        offered.append(batch)
        if len(offered) == 1:
            raise RetryError("Kafka is away")
        raise EnoughError

    times = iter(range(START, START + 60 * SECOND, TICK))
    with pytest.raises(EnoughError):
        run(Settings(signals_per_second=50), accept, lambda: next(times))
    assert offered[0] == offered[1]
