"""From the partitions that the group gives to an instance to their tasks, as the last owner left them."""

import secrets
from collections.abc import Callable, Iterator

import msgspec
import structlog

from secure_signal.adapters import state_log, topics
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.core.detection.engine import Engine
from secure_signal.services.detector import checkpoint
from secure_signal.services.detector.checkpoint import Saved
from secure_signal.services.detector.intake import Partition
from secure_signal.services.detector.task import Marker, MatchTask, SignalTask, Task

_SECONDS = 10.0

log = structlog.get_logger()


def restore(
    given: set[Partition], new_engine: Callable[[], Engine], bootstrap_servers: str
) -> Iterator[tuple[Task, int]]:
    """The task of each partition, and where the partition ends now; RetryError without Kafka."""
    logs = TopicLogs(bootstrap_servers, _SECONDS)
    ids = {topic: logs.identify(topic) for topic, _ in given}
    spans = {topic: logs.spans(topic, [p for t, p in given if t == topic]) for topic in ids}
    state = state_log.read(bootstrap_servers, {partition for _, partition in given})
    saved = checkpoint.collect(state, given)
    for topic, partition in sorted(given):
        span = spans[topic][partition]
        known = saved[topic, partition]
        if known.marker and (known.marker.topic_id != ids[topic] or known.marker.offset > span.stop):
            log.warning("begins anew: the topic was made anew", topic=topic, partition=partition)
            known = Saved(epoch=known.epoch, keys=known.keys, runs=known.runs)
        going_on = marker(known, ids[topic], span.start, owner=secrets.token_hex(8))
        yield _task(topic, partition, known, going_on, new_engine()), span.stop


def marker(known: Saved, topic_id: str, first: int, owner: str) -> Marker:
    """The marker to go on from, in the name of its new owner."""
    epoch = known.epoch + 1
    if known.marker is None:
        return Marker(topic_id, first, epoch, owner, ruleset="")
    if known.marker.offset < first:
        log.warning("records are gone from Kafka before they were judged", count=first - known.marker.offset)
    offset = max(known.marker.offset, first)
    return msgspec.structs.replace(known.marker, offset=offset, epoch=epoch, owner=owner)


def _task(topic: str, partition: int, known: Saved, marker: Marker, engine: Engine) -> Task:
    kind = SignalTask if topic == topics.SIGNALS else MatchTask
    task = kind(topic, partition, engine, marker)
    task.former = known.keys
    task.outlived_runs = task.runs.resume(known.runs)
    dropped = task.restore(known.groups)
    if dropped:
        log.warning(
            "windows are dropped: another version left them, or their rules are gone or mean something else",
            topic=topic,
            partition=partition,
            count=dropped,
            ruleset_before=marker.ruleset,
            ruleset=engine.ruleset.hash,
        )
    return task
