"""A detector that dies at any moment, even in the middle of saving, finds what one finds that lives on.

So it does where the dead one was only frozen, and saves the rest long after another has its work; and
whichever of its sources is ahead of the other, as happens where several instances catch up.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detector_lab import LOGSOURCES, RULES

from secure_signal.adapters.rule_files import load
from secure_signal.core import signal
from secure_signal.core.alignment import Block
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.windowing import groups, pages
from secure_signal.core.instant import SECOND
from secure_signal.core.parcel import Entry, Parcel, Progress
from secure_signal.core.signal import Signal
from secure_signal.services.detector import checkpoint
from secure_signal.services.detector.assignment import marker
from secure_signal.services.detector.checkpoint import Entry as Saving
from secure_signal.services.detector.task import MatchTask, SignalTask, Task

SOURCES = [("signal-events", 0), ("signal-events", 1)]
MATCHES = ("signal-matches", 0)
RULESET = load([RULES, RULES.with_name("chained_rules")], LOGSOURCES)


@pytest.fixture(autouse=True, scope="module")
def frequent_sweeps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "_SMALLEST_SWEEP", 4)
        patch.setattr(pages, "PAGE", 2)
        yield


@dataclass
class Life:
    """From a start until a death after so many turns: in their midst, or with so many entries saved.

    The rest of them are saved after ``thaw`` entries of its successors, if there come so many.
    """

    turns: int
    checkpoints: int
    saved: int | None
    lost: int
    thaw: int = 0
    finds_compacted: bool = False
    seed: int = 0


LIVES = st.lists(
    st.builds(
        Life,
        turns=st.integers(0, 30),
        checkpoints=st.integers(1, 15),
        saved=st.none() | st.integers(0, 12),
        lost=st.integers(0, 20),
        thaw=st.integers(0, 60),
        finds_compacted=st.booleans(),
        seed=st.integers(0, 99),
    ),
    max_size=6,
)


@dataclass
class World:
    """The topics, and what somebody has received."""

    signals: list[Block]
    matches: list[bytes] = field(default_factory=list)
    state: list[Saving] = field(default_factory=list)
    frozen: list[tuple[int, list[Saving]]] = field(default_factory=list)
    owners: int = 0
    found: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)

    def live(self, life: Life) -> None:
        tasks = self._restore(compact(self.state) if life.finds_compacted else self.state)
        judges = [task for task in tasks if isinstance(task, SignalTask)]
        group = tasks[-1]
        places = [judge.start for judge in judges]
        draw, unread_from = random.Random(life.seed), group.start
        pending: list[str | bytes] = []
        for number in range(1, life.turns + 1):
            source = draw.randrange(len(judges))
            block = self.signals[source].part(places[source], places[source] + draw.randrange(1, 9))
            if block.offsets:
                places[source] = block.offsets[-1] + 1
                found, entries = judges[source].read(block)
                pending += [a.id for a, _ in found]
                pending.append(self._parcel(source, judges[source], places[source], entries))
            unread = range(unread_from, len(self.matches))
            unread_from = len(self.matches)
            if unread:
                values = [self.matches[offset] for offset in unread]
                found_here = [a.id for a, _ in group.read(Block(unread, [0] * len(unread), values))[0]]
                pending += found_here
                self.shared.update(found_here)
            if number % life.checkpoints == 0:
                self._publish(pending)
                for task in tasks:
                    self._save(checkpoint.entries(task))
                    task.mark_saved()
        if life.saved is None:
            # What was produced last had not reached Kafka.
            self._publish(pending[: max(0, len(pending) - life.lost)])
        else:
            self._publish(pending)
            entries_left = [entry for task in tasks for entry in checkpoint.entries(task)]
            self._save(entries_left[: life.saved])
            self.frozen.append((len(self.state) + life.thaw, entries_left[life.saved :]))

    def _parcel(self, source: int, judge: SignalTask, place: int, entries: list[Entry]) -> bytes:
        progress = Progress(place, judge.watermark)
        ends = [len(block.offsets) for block in self.signals]
        return msgspec.msgpack.encode(Parcel("id", {source: progress}, ends, entries))

    def _save(self, entries: Iterable[Saving]) -> None:
        for entry in entries:
            self.state.append(entry)
            thawed = [rest for due, rest in self.frozen if due < len(self.state)]
            self.frozen = [late for late in self.frozen if late[0] >= len(self.state)]
            self.state += [late for rest in thawed for late in rest]

    def _publish(self, pending: list[str | bytes]) -> None:
        for item in pending:
            if isinstance(item, str):
                self.found.add(item)
            else:
                self.matches.append(item)
        pending.clear()

    def _restore(self, state: list[Saving]) -> list[Task]:
        saved = checkpoint.collect(state, [*SOURCES, MATCHES])
        self.owners += 1
        tasks: list[Task] = []
        for topic, partition in (*SOURCES, MATCHES):
            kind = SignalTask if topic == "signal-events" else MatchTask
            known = saved[topic, partition]
            going_on = marker(known, "id", 0, owner=f"{self.owners:x}")
            task = kind(topic, partition, Engine(RULESET), going_on)
            task.former = known.keys
            assert task.restore(known.groups) == 0
            tasks.append(task)
        return tasks


def compact(entries: Iterable[Saving]) -> list[Saving]:
    """What Kafka keeps at least: of each key the last entry, where that was."""
    last: dict[str, bytes | None] = {}
    for key, value in entries:
        last.pop(key, None)
        last[key] = value
    return [(key, value) for key, value in last.items() if value is not None]


def log(seed: int) -> list[Block]:
    """Failures in and out of order, late ones and repeated ones among them, with quiet times between."""
    draw = random.Random(seed)
    time = 1_000 * SECOND
    sent: list[list[tuple[int, bytes]]] = [[], []]
    for number in range(300):
        time += draw.choice([1, 2, 10, 10, 400 if number % 25 == 0 else 1]) * SECOND
        late = draw.choice([0, 0, 0, 30, 90]) * SECOND
        user = draw.randrange(draw.choice([4, 60]))
        slow = user % 3 * 200 * SECOND
        made = Signal(
            str(number),
            f"user-{user}",
            "auth.login",
            time - late - slow,
            b'{"ip": "10.0.0.%d", "outcome": "failure"}' % (user % 3),
        )
        records = sent[user % 2]
        again = draw.random() < 0.1 and records
        records.append((time // 1000, draw.choice(records)[1] if again else signal.encode(made)))
    return [Block(range(len(s)), [time for time, _ in s], [value for _, value in s]) for s in sent]


FOREVER = Life(turns=600, checkpoints=7, saved=100, lost=0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50), LIVES)
def test_whenever_it_dies_and_whichever_source_is_ahead_the_same_is_found(
    seed: int, lives: list[Life]
) -> None:
    steady, shaken = World(log(seed)), World(log(seed))
    steady.live(FOREVER)
    steady.live(FOREVER)
    for life in [*lives, FOREVER, FOREVER]:
        shaken.live(life)
    assert len(steady.found) > 5
    assert steady.shared
    assert shaken.found == steady.found


def test_fifty_deaths_change_nothing() -> None:
    draw = random.Random(50)
    for seed in range(3):
        steady, shaken = World(log(seed)), World(log(seed))
        steady.live(FOREVER)
        steady.live(FOREVER)
        for _ in range(50):
            shaken.live(
                Life(
                    turns=draw.randrange(12),
                    checkpoints=draw.randrange(1, 6),
                    saved=draw.choice([None, draw.randrange(12)]),
                    lost=draw.randrange(6),
                    thaw=draw.randrange(60),
                    finds_compacted=draw.random() < 0.5,
                    seed=draw.randrange(1000),
                )
            )
        assert shaken.found != steady.found, "nothing was left to find after the deaths"
        shaken.live(FOREVER)
        shaken.live(FOREVER)
        assert shaken.found == steady.found
