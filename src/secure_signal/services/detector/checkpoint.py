"""Checkpoints: a task's state as entries of ``detector-state``, and back.

Each owner of a task writes under a name that is its own, ``topic/partition/epoch-owner``: its marker has it
as the key, and each of its groups has it, a slash and the group's key. So whoever was voted out, and does not
know it yet, changes nothing of its successor's by what it writes. The marker of the highest epoch counts,
with the groups of its owner.

The order counts too, and Kafka keeps it. First the groups: should the owner die then, the next one begins
at the old marker, and groups that are ahead of it skip what they have seen. Then what rule sets evaluated,
which stands apart (see adapters/rule_coverage.py). Then the marker. Then the
groups that are gone, and what former owners left: until the marker was there, they might have been needed
again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec
import structlog

from secure_signal.adapters import kafka, rule_coverage
from secure_signal.core.detection.inquiry.coverage import Run
from secure_signal.services.detector import metrics
from secure_signal.services.detector.intake import Partition
from secure_signal.services.detector.task import Marker, Task

Entry: TypeAlias = tuple[str, bytes | None]
"""A key and its value; None: the key is gone."""

# Room for the key and what Kafka adds.
_MAX_STATE = kafka.MAX_BATCH_BYTES - 64 * 1024

log = structlog.get_logger()


@dataclass
class Saved:
    """What was saved of a task: the last marker, none where there is none, with the groups of its owner.

    ``epoch`` is the highest of all ``keys`` that are there, whoever wrote them; ``runs`` are what its owners
    evaluated, by key.
    """

    epoch: int = 0
    marker: Marker | None = None
    groups: dict[str, bytes] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    runs: dict[str, Run] = field(default_factory=dict)


_decode = msgspec.json.Decoder(Marker).decode


def entries(task: Task) -> Iterator[Entry]:
    """What changed in a task since the last call, in the order in which it is to be written."""
    name = _name(task)
    gone: list[str] = []
    for group, state in task.engine.changes():
        if state is None or _is_too_large(state, group):
            gone.append(f"{name}/{group}")
        else:
            yield f"{name}/{group}", state
    coverage = f"{rule_coverage.PREFIX}{task.topic}/{task.partition}/"
    for key, run in task.runs.unsaved().items():
        yield coverage + key, rule_coverage.encode(run)
    yield name, msgspec.json.encode(task.marker)
    outlived = (coverage + key for key in task.outlived_runs)
    for key in (*gone, *task.former, *outlived):
        yield key, None


def collect(written: Iterable[Entry], tasks: Iterable[Partition]) -> dict[Partition, Saved]:
    """What is left of these tasks in entries that were written, in their order."""
    kept: dict[Partition, dict[str, bytes]] = {task: {} for task in tasks}
    for key, value in written:
        there = kept.get(_task(key))
        if there is not None and value is not None:
            there[key] = value
        elif there is not None:
            there.pop(key, None)
    return {task: _saved(there) for task, there in kept.items()}


def _task(key: str) -> Partition:
    """Whose entry it is; nobody's has the number -1."""
    topic, number, *_ = key.removeprefix(rule_coverage.PREFIX).split("/", 2)
    return topic, int(number) if number.isdecimal() else -1


def _name(task: Task) -> str:
    return f"{task.topic}/{task.partition}/{task.marker.epoch}-{task.marker.owner}"


def _is_too_large(state: bytes, group: str) -> bool:
    """Whether Kafka would refuse it, now and whenever it is tried again."""
    if len(state) <= _MAX_STATE:
        return False
    metrics.UNSAVED.inc()
    log.warning("a window is too large to be saved", size=len(state), group=group[:200])
    return True


def _saved(entries: dict[str, bytes]) -> Saved:
    there = {key: value for key, value in entries.items() if not key.startswith(rule_coverage.PREFIX)}
    markers = {
        key: marker for key, value in there.items() if key.count("/") == 2 and (marker := _read(value))
    }
    saved = Saved(epoch=max(map(_epoch, there), default=0), keys=list(there))
    for key in entries.keys() - there.keys():
        if run := rule_coverage.run(entries[key]):
            saved.runs[key.split("/", 3)[-1]] = run
    if markers:
        last = max(markers, key=lambda key: (markers[key].epoch, markers[key].offset))
        saved.marker = markers[last]
        saved.groups = {
            key.removeprefix(last + "/"): state for key, state in there.items() if key.startswith(last + "/")
        }
    return saved


def _epoch(key: str) -> int:
    """That of a key's owner; 0 where another version wrote it."""
    epoch = key.split("/", 3)[2:3]
    number = epoch[0].partition("-")[0] if epoch else ""
    return int(number) if number.isdecimal() else 0


def _read(value: bytes) -> Marker | None:
    """None where another version wrote it."""
    try:
        return _decode(value)
    except msgspec.DecodeError:
        return None
