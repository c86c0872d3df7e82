import threading
import time

import msgspec
import pytest
from tests.detector_lab import LOGSOURCES, RULES

from secure_signal.adapters.rule_files import load
from secure_signal.adapters.settings import Settings
from secure_signal.core.alignment import Block
from secure_signal.core.detection.engine import LATENESS, Engine
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.instant import SECOND
from secure_signal.core.parcel import Parcel, Progress
from secure_signal.services.detector.detector import Detector
from secure_signal.services.detector.pace import Pace
from secure_signal.services.detector.task import Marker, MatchTask, SignalTask, Task

RULESET = load(RULES, LOGSOURCES)
MANY_USERS = "8e5a1f7c-2f0b-4a57-9a53-0c5cf0b9d104"


def test_an_instance_reads_a_minute_ahead_of_others_as_long_as_they_move(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    matches = MatchTask("signal-matches", 0, Engine(RULESET), Marker("id", 0, 1, "a", ""))
    own = SignalTask("signal-events", 0, Engine(RULESET), Marker("id", 0, 1, "a", ""))
    tasks: dict[tuple[str, int], Task] = {("signal-matches", 0): matches, ("signal-events", 0): own}
    pace = Pace()
    for offset, progress in enumerate([1_000_000, 2_000_000]):
        parcel = msgspec.msgpack.encode(
            Parcel("id", {0: Progress(1, 0, 500), 1: Progress(offset, 0, progress)}, [9, 9], [])
        )
        matches.read(Block([offset], [0], [parcel]))
        assert pace.limit(tasks) == progress + 60_000
        now += 9
        assert pace.limit(tasks) == progress + 60_000
    now += 2
    assert pace.limit(tasks) == float("inf")
    assert Pace().limit({("signal-events", 0): own}) > 2**60


def test_the_lateness_that_is_set_is_that_of_the_engine() -> None:
    def match(number: int, when: int) -> Match:
        return Match(MANY_USERS, (0,), ("10.0.0.1",), when, str(number), "a", (str(number),))

    settings = Settings(kafka_bootstrap_servers="127.0.0.1:1", lateness=5)
    detector = Detector(settings, RULESET, threading.Event())
    engine = detector._engine()
    detector.abandon()
    for number, when in enumerate([LATENESS, LATENESS - 5 * SECOND, LATENESS - 6 * SECOND]):
        engine.enter(match(number, when), number, LATENESS)
    assert engine.late == 1
