"""A detector that dies at any moment, even in the middle of saving, finds what one finds that lives on.

So it does where the dead one was only frozen, and saves the rest long after another has its work.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.detector_lab import LOGSOURCES, RULES

from secure_signal.adapters.rule_files import load
from secure_signal.core import signal
from secure_signal.core.alignment import Record
from secure_signal.core.detection import windows
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal
from secure_signal.services.detector import checkpoint
from secure_signal.services.detector.assignment import marker
from secure_signal.services.detector.checkpoint import Entry
from secure_signal.services.detector.task import MatchTask, SignalTask, Task, encode

SIGNALS, MATCHES = ("signal-events", 0), ("signal-matches", 0)
RULESET = load(RULES, LOGSOURCES)


@pytest.fixture(autouse=True, scope="module")
def frequent_sweeps() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "_SMALLEST_SWEEP", 4)
        yield


@dataclass
class Life:
    """From a start until a death after so many signals: in their midst, or with so many entries saved.

    The rest of them are saved after ``thaw`` entries of its successors, if there come so many.
    """

    signals: int
    checkpoints: int
    saved: int | None
    lost: int
    thaw: int = 0
    finds_compacted: bool = False


LIVES = st.lists(
    st.builds(
        Life,
        signals=st.integers(0, 80),
        checkpoints=st.integers(1, 40),
        saved=st.none() | st.integers(0, 12),
        lost=st.integers(0, 20),
        thaw=st.integers(0, 60),
        finds_compacted=st.booleans(),
    ),
    max_size=6,
)


@dataclass
class World:
    """The topics, and what somebody has received."""

    signals: list[Record]
    matches: list[Record] = field(default_factory=list)
    state: list[Entry] = field(default_factory=list)
    frozen: list[tuple[int, list[Entry]]] = field(default_factory=list)
    owners: int = 0
    found: set[str] = field(default_factory=set)

    def live(self, life: Life) -> None:
        tasks = self._restore(compact(self.state) if life.finds_compacted else self.state)
        judge, group = tasks
        pending: list[str | Record] = []
        for number, record in enumerate(self.signals[judge.start :][: life.signals], 1):
            anomalies, forwards = judge.read(record)
            pending += [a.id for a in anomalies]
            pending += [Record(-1, record.timestamp, encode(f)) for f in forwards]
            for match in self.matches[group.offset :]:
                pending += [a.id for a in group.read(match)[0]]
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
            entries = [entry for task in tasks for entry in checkpoint.entries(task)]
            self._save(entries[: life.saved])
            self.frozen.append((len(self.state) + life.thaw, entries[life.saved :]))

    def _save(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.state.append(entry)
            thawed = [rest for due, rest in self.frozen if due < len(self.state)]
            self.frozen = [late for late in self.frozen if late[0] >= len(self.state)]
            self.state += [late for rest in thawed for late in rest]

    def _publish(self, pending: list[str | Record]) -> None:
        for item in pending:
            if isinstance(item, str):
                self.found.add(item)
            else:
                self.matches.append(Record(len(self.matches), item.timestamp, item.value))
        pending.clear()

    def _restore(self, state: list[Entry]) -> tuple[Task, Task]:
        saved = checkpoint.collect(state, [SIGNALS, MATCHES])
        self.owners += 1
        tasks = []
        for kind, (topic, partition) in ((SignalTask, SIGNALS), (MatchTask, MATCHES)):
            known = saved[topic, partition]
            task = kind(topic, partition, RULESET, marker(known, "id", 0, owner=f"{self.owners:x}"))
            task.former = known.keys
            assert task.restore(known.groups) == 0
            tasks.append(task)
        return tasks[0], tasks[1]


def compact(entries: Iterable[Entry]) -> list[Entry]:
    """What Kafka keeps at least: of each key the last entry, where that was."""
    last: dict[str, bytes | None] = {}
    for key, value in entries:
        last.pop(key, None)
        last[key] = value
    return [(key, value) for key, value in last.items() if value is not None]


def log(seed: int) -> list[Record]:
    """Failures in and out of order, late ones and repeated ones among them, with quiet times between."""
    draw = random.Random(seed)
    time, sent = 1_000 * SECOND, []
    for number in range(300):
        time += draw.choice([1, 5, 20, 20, 400 if number % 25 == 0 else 1]) * SECOND
        name = draw.randrange(number + 1) if draw.random() < 0.1 else number
        late = draw.choice([0, 0, 0, 30, 90]) * SECOND
        user = draw.randrange(10)
        slow = user % 3 * 200 * SECOND
        made = Signal(
            str(name),
            f"user-{user}",
            "auth.login",
            time - late - slow,
            b'{"ip": "10.0.0.%d", "outcome": "failure"}' % draw.randrange(2),
        )
        sent.append(Record(number, time // 1000, signal.encode(made)))
    return sent


FOREVER = Life(signals=10_000, checkpoints=7, saved=100, lost=0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 50), LIVES)
def test_whenever_it_dies_the_same_is_found(seed: int, lives: list[Life]) -> None:
    steady, shaken = World(log(seed)), World(log(seed))
    steady.live(FOREVER)
    steady.live(FOREVER)
    for life in [*lives, FOREVER, FOREVER]:
        shaken.live(life)
    assert len(steady.found) > 5
    assert shaken.found == steady.found
