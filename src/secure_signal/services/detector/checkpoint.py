"""Checkpoints: a task's state as entries of ``detector-state``, and back.

A task's marker has the task's name as its key; each of its groups has that, a slash and its own key. The
order is what counts, and Kafka keeps it. First the groups: should the owner die then, the next one begins
at the old marker, and groups that are ahead of it skip what they have seen. Then the marker. Then the
groups that are gone: until the marker was there, they might have been needed again.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from secure_signal.services.detector.intake import Partition
from secure_signal.services.detector.task import Marker, Task

Entry: TypeAlias = tuple[str, bytes | None]
"""A key and its value; None: the key is gone."""


@dataclass
class Saved:
    """What was saved of a task; no marker where it never was."""

    marker: Marker | None = None
    groups: dict[str, bytes] = field(default_factory=dict)


_decode = msgspec.json.Decoder(Marker).decode


def entries(task: Task) -> Iterator[Entry]:
    """What changed in a task since the last call, in the order in which it is to be written."""
    gone: list[str] = []
    for group, state in task.engine.changes():
        if state is None:
            gone.append(group)
        else:
            yield _key(task.topic, task.partition, group), state
    yield _key(task.topic, task.partition), msgspec.json.encode(task.marker)
    for group in gone:
        yield _key(task.topic, task.partition, group), None


def collect(written: Iterable[Entry], tasks: Iterable[Partition]) -> dict[Partition, Saved]:
    """What is left of these tasks in entries that were written, in their order."""
    saved = {task: Saved() for task in tasks}
    for key, value in written:
        topic, number, *group = key.split("/", 2)
        task = saved.get((topic, int(number)))
        if task is None:
            continue
        if not group:
            task.marker = _later(task.marker, value)
        elif value is None:
            task.groups.pop(group[0], None)
        else:
            task.groups[group[0]] = value
    return saved


def erasure(topic: str, partition: int, saved: Saved) -> Iterator[Entry]:
    """What is to be written when a saved state is of no use any more."""
    return ((_key(topic, partition, group), None) for group in saved.groups)


def _key(topic: str, partition: int, *group: str) -> str:
    return "/".join((topic, str(partition), *group))


def _later(known: Marker | None, value: bytes | None) -> Marker | None:
    """The later owner's: an earlier one may have written after it was voted out."""
    read = _decode(value) if value else None
    return known if known and read and read.epoch < known.epoch else read
