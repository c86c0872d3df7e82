"""A member of the group ``anomaly-detector``: the partitions it was given, and a task for each."""

import threading
import time
from collections.abc import Iterable

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from secure_signal.adapters import kafka, topics
from secure_signal.adapters.settings import Settings
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing.census import MEMORY
from secure_signal.core.errors import FencedError, RetryError
from secure_signal.core.instant import SECOND
from secure_signal.services.detector import checkpoint, intake, metrics
from secure_signal.services.detector.assignment import restore
from secure_signal.services.detector.dispatch import Dispatch
from secure_signal.services.detector.intake import Intake, Partition
from secure_signal.services.detector.outbox import Outbox
from secure_signal.services.detector.pace import Pace
from secure_signal.services.detector.rule_cost import RuleCost
from secure_signal.services.detector.task import MatchTask, SignalTask, Task

GROUP = "anomaly-detector"

_BETWEEN_CHECKPOINTS = 1.0
_REST = 19
"""Saving takes no more than a twentieth of the time."""

# The shortest that a broker allows by default: for so long nobody does the work of one that was killed.
_SESSION = {"session.timeout.ms": 6_000, "heartbeat.interval.ms": 2_000}

_VOTED_OUT = {
    KafkaError.ILLEGAL_GENERATION,
    KafkaError.UNKNOWN_MEMBER_ID,
    KafkaError.FENCED_INSTANCE_ID,
    KafkaError._ASSIGNMENT_LOST,
}

log = structlog.get_logger()


class Detector:
    """Call ``turn`` again and again, then ``leave``; after an error ``abandon`` it, and begin anew.

    Whoever dies, the next owner of a partition goes on from the last checkpoint and finds the same.
    Methods raise RetryError in an outage, and FencedError where the group gave the work to others.
    """

    def __init__(self, settings: Settings, ruleset: RuleSet, stop: threading.Event) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self.ruleset = ruleset
        self._lateness = round(settings.lateness * SECOND)
        self._outbox = Outbox(self._servers, stop)
        # A member under a name of its own has its partitions kept while it restarts (KIP-345).
        name = {"group.instance.id": settings.instance} if settings.instance else {}
        self._consumer = kafka.consumer(self._servers, GROUP, **_SESSION, **intake.SETTINGS, **name)
        self._intake = Intake(self._consumer)
        self._pace = Pace()
        self._cost = RuleCost(time.perf_counter)
        self._dispatch: Dispatch | None = None
        self._tasks: dict[Partition, Task] = {}
        self._given: set[Partition] = set()
        self._save_at = time.monotonic() + _BETWEEN_CHECKPOINTS
        self.is_member = False
        """Whether the group counts it in, even where there is no partition left for it."""
        self._consumer.subscribe(
            [topics.SIGNALS, topics.MATCHES],
            on_assign=self._on_assign,
            on_revoke=self._on_revoke,
            on_lost=self._on_lost,
        )

    def turn(self) -> None:
        """Fetch, judge and publish what there is; save when it is time."""
        self._intake.fetch()
        self._take_over()
        if self._dispatch:
            self._work(self._dispatch)
        self._outbox.poll()
        if time.monotonic() >= self._save_at:
            self._save(list(self._tasks))
            self._observe()

    def _engine(self) -> Engine:
        return Engine(self.ruleset, lateness=self._lateness)

    def reload(self, ruleset: RuleSet) -> None:
        """Judge by other rules from the next turn on. Windows of rules that did not change go on.

        What the former rules evaluated is saved first, so that nobody evaluates it again by the new ones.
        """
        self._save(list(self._tasks))
        self.ruleset = ruleset
        dropped = sum(task.reload(self._engine()) for task in self._tasks.values())
        if dropped:
            log.warning("windows are dropped: their rules are gone or mean something else", count=dropped)

    def leave(self) -> None:
        """Save, and let others have the partitions at once."""
        self._consumer.close()

    def abandon(self) -> None:
        """Leave without saving."""
        self._outbox.abandon()
        self._tasks.clear()
        self._consumer.close()

    def _work(self, dispatch: Dispatch) -> None:
        for partition, block in self._intake.blocks(self._pace.limit(self._tasks)):
            task = self._tasks[partition]
            found, entries = task.read(block)
            for anomaly, arrival in found:
                self._outbox.anomaly(anomaly, arrival)
            dispatch.add(entries, task.engine.place)
            if isinstance(task, SignalTask):
                self._cost.add(task.engine, block.values)
        now = time.time_ns() // 1_000_000
        # Of a source whose past is read again nothing is said.
        progress = {
            number: time
            for number, time in self._intake.progress(now).items()
            if time >= now or self._tasks[topics.SIGNALS, number].is_abreast
        }
        dispatch.send(progress, now)

    def _take_over(self) -> None:
        """Restore the tasks that were given, and have their partitions fetched."""
        if self.is_member and not self._dispatch:
            logs = TopicLogs(self._servers)
            topic_id, sources = logs.layout(topics.SIGNALS)
            _, targets = logs.layout(topics.MATCHES)
            self._dispatch = Dispatch(self._outbox, topic_id, sources, targets)
        if not self._given:
            return
        for task, end in restore(self._given, self._engine, self._consumer, self._servers):
            self._tasks[task.topic, task.partition] = task
            self._intake.open((task.topic, task.partition), task.start, end)
        self._given.clear()
        for task in self._tasks.values():
            task.engine.limit(MEMORY // len(self._tasks))
        log.info(
            "partitions were given",
            offsets={f"{t.topic}/{t.partition}": t.offset for t in self._tasks.values()},
        )

    def _save(self, partitions: Iterable[Partition]) -> None:
        """A checkpoint. What was found goes before the state: none of it can be lost, or found by half."""
        begun = time.monotonic()
        moved = [task for p in partitions if (task := self._tasks.get(p)) and task.has_moved]
        if moved:
            self._outbox.settle()
            if not self._commit(moved):
                return
            for task in moved:
                self._outbox.state(task.partition, checkpoint.entries(task))
            self._outbox.settle()
            for task in moved:
                task.mark_saved()
        now = time.monotonic()
        self._save_at = now + max(_BETWEEN_CHECKPOINTS, _REST * (now - begun))
        metrics.CHECKPOINT.set_to_current_time()

    def _commit(self, tasks: list[Task]) -> bool:
        """Show Kafka's tools where the tasks are. The group refuses that from one whom it voted out.

        False while the group is being rearranged.
        """
        offsets = [TopicPartition(task.topic, task.partition, task.offset) for task in tasks]
        try:
            for committed in self._consumer.commit(offsets=offsets, asynchronous=False):
                if committed.error:
                    raise KafkaException(committed.error)
        except KafkaException as error:
            code = error.args[0].code()
            if code == KafkaError.REBALANCE_IN_PROGRESS:
                return False
            if code in _VOTED_OUT:
                raise FencedError(f"The group gave the partitions to others: {error}") from error
            raise RetryError(f"Kafka takes no offsets: {error}") from error
        return True

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._given |= {(p.topic, p.partition) for p in partitions}
        self.is_member = True
        # Topics may have more partitions than before.
        self._dispatch = None
        consumer.incremental_assign([])

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        taken = [(p.topic, p.partition) for p in partitions]
        self._save(taken)
        self._drop(taken)
        consumer.incremental_unassign([])

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        log.warning("partitions are lost: the group did not hear from here in time")
        self.is_member = False
        self._drop([(p.topic, p.partition) for p in partitions])
        consumer.incremental_unassign([])

    def _drop(self, partitions: list[Partition]) -> None:
        for partition in partitions:
            self._given.discard(partition)
            self._intake.close(partition)
            self._tasks.pop(partition, None)

    def _observe(self) -> None:
        metrics.GROUPS.set(sum(task.engine.groups for task in self._tasks.values()))
        merges = [task.merge for task in self._tasks.values() if isinstance(task, MatchTask)]
        metrics.HELD.set(sum(merge.held for merge in merges))
        metrics.SILENT.set(len(set().union(*(merge.silent for merge in merges))))
        metrics.SESSIONS.set(sum(task.users() for task in self._tasks.values()))
        metrics.LAG.clear()
        for partition, task in self._tasks.items():
            metrics.LAG.labels(*partition).set(max(0, self._intake.end(partition) - task.offset))
            task.tell()
