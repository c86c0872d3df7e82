"""Checkpoints: a task's state on ``detector-state``, and back.

Task n of a topic keeps its state in partition n. Its marker has the task's name as its key; each of its
groups has that, a slash and its own key. The order is what counts, and Kafka keeps it. First the groups:
should the owner die then, the next one begins at the old marker, and groups that are ahead of it skip
what they have seen. Then the marker. Then the groups that are gone: until the marker was there, they
might have been needed again.
"""

from dataclasses import dataclass, field

import msgspec

from secure_signal.adapters import state_log
from secure_signal.services.detector.intake import Partition
from secure_signal.services.detector.outbox import Outbox
from secure_signal.services.detector.task import Marker, Task


@dataclass
class Saved:
    """What was saved of a task; no marker where it never was."""

    marker: Marker | None = None
    groups: dict[str, bytes] = field(default_factory=dict)


_decode = msgspec.json.Decoder(Marker).decode


def write(task: Task, outbox: Outbox) -> None:
    """Produce the state of a task."""
    gone = []
    for group, state in task.engine.changes():
        if state is None:
            gone.append(group)
        else:
            outbox.state(task.partition, _key(task.topic, task.partition, group), state)
    outbox.state(task.partition, _key(task.topic, task.partition), msgspec.json.encode(task.marker))
    for group in gone:
        outbox.state(task.partition, _key(task.topic, task.partition, group), None)


def read(bootstrap_servers: str, tasks: set[Partition]) -> dict[Partition, Saved]:
    """What was saved of these tasks; RetryError without Kafka."""
    saved = {task: Saved() for task in tasks}
    for key, value in state_log.read(bootstrap_servers, {partition for _, partition in tasks}):
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


def discard(topic: str, partition: int, saved: Saved, outbox: Outbox) -> None:
    """Have a state forgotten that is of no use any more."""
    for group in saved.groups:
        outbox.state(partition, _key(topic, partition, group), None)


def _key(topic: str, partition: int, *group: str) -> str:
    return "/".join((topic, str(partition), *group))


def _later(known: Marker | None, value: bytes | None) -> Marker | None:
    """The later owner's: an earlier one may have written after it was voted out."""
    read = _decode(value) if value else None
    return known if known and read and read.epoch < known.epoch else read
