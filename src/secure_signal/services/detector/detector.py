"""One instance of the detector: the partitions that its groups gave to it, and a task for each."""

import threading
import time
from collections.abc import Iterable

import structlog

from secure_signal.adapters import topics
from secure_signal.adapters.settings import Settings
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing.census import MEMORY
from secure_signal.core.parcel import Progress
from secure_signal.services.detector import checkpoint, metrics
from secure_signal.services.detector.assignment import restore
from secure_signal.services.detector.dispatch import Dispatch
from secure_signal.services.detector.intake import Intake, Partition
from secure_signal.services.detector.membership import Membership
from secure_signal.services.detector.outbox import Outbox
from secure_signal.services.detector.pace import Pace
from secure_signal.services.detector.rule_cost import RuleCost
from secure_signal.services.detector.task import MatchTask, SignalTask, Task

_BETWEEN_CHECKPOINTS = 1.0
_REST = 19
"""Saving takes no more than a twentieth of the time."""

log = structlog.get_logger()


class Detector:
    """Call ``turn`` again and again, then ``leave``; after an error ``abandon`` it, and begin anew.

    Whoever dies, the next owner of a partition goes on from the last checkpoint and finds the same.
    Methods raise RetryError in an outage, and FencedError where the group gave the work to others.
    """

    def __init__(self, settings: Settings, ruleset: RuleSet, stop: threading.Event) -> None:
        self._servers = settings.kafka_bootstrap_servers
        self.ruleset = ruleset
        self._lateness = settings.allowed_lateness
        self._outbox = Outbox(self._servers, stop)
        signals, matches = (
            Membership(self._servers, topic, settings.instance) for topic in (topics.SIGNALS, topics.MATCHES)
        )
        self._memberships = (signals, matches)
        self._intake = Intake(signals.consumer, matches.consumer)
        self._pace = Pace()
        self._cost = RuleCost(time.perf_counter)
        self._dispatch: Dispatch | None = None
        self._tasks: dict[Partition, Task] = {}
        self._given: set[Partition] = set()
        self._save_at = time.monotonic() + _BETWEEN_CHECKPOINTS
        for membership in self._memberships:
            membership.join(self._on_given, self._on_revoked, self._drop)

    @property
    def is_member(self) -> bool:
        """Whether both groups count it in, even where there is no partition left for it."""
        return all(membership.is_counted_in for membership in self._memberships)

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
        self._close()

    def abandon(self) -> None:
        """Leave without saving."""
        self._outbox.abandon()
        self._tasks.clear()
        self._close()

    def _close(self) -> None:
        for membership in self._memberships:
            membership.close()

    def _work(self, dispatch: Dispatch) -> None:
        for partition, block in self._intake.blocks(self._pace.limit(self._tasks)):
            task = self._tasks[partition]
            found, entries = task.read(block)
            for anomaly, arrival in found:
                self._outbox.anomaly(anomaly, arrival)
            dispatch.add(entries, task.engine.place)
            if isinstance(task, SignalTask):
                self._cost.add(task.engine, block.values)
        dispatch.send(self._progress(), time.monotonic())

    def _progress(self) -> dict[int, Progress]:
        signals = [task for task in self._tasks.values() if isinstance(task, SignalTask)]
        places = [self._intake.reached((topics.SIGNALS, task.partition)) for task in signals]
        return {
            # It begins further back, to learn what was repeated; all before its own offset was sent.
            task.partition: Progress(max(offset, task.offset), task.watermark, arrival)
            for task, (offset, arrival) in zip(signals, places, strict=True)
        }

    def _take_over(self) -> None:
        """Restore the tasks that were given, and have their partitions fetched."""
        if self.is_member and not self._dispatch:
            self._dispatch = Dispatch(self._outbox, TopicLogs(self._servers))
        if not self._given:
            return
        for task, end in restore(self._given, self._engine, self._servers):
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
            committed = self._commit(moved)
            for task in committed:
                self._outbox.state(task.partition, checkpoint.entries(task))
            self._outbox.settle()
            for task in committed:
                task.mark_saved()
        now = time.monotonic()
        self._save_at = now + max(_BETWEEN_CHECKPOINTS, _REST * (now - begun))
        if not any(task.has_moved for task in moved):
            metrics.CHECKPOINT.set_to_current_time()

    def _commit(self, tasks: list[Task]) -> list[Task]:
        """Those whose offsets were taken: not those of a group that is being rearranged."""
        committed: list[Task] = []
        for membership in self._memberships:
            own = [task for task in tasks if task.topic == membership.topic]
            if own and membership.commit({task.partition: task.offset for task in own}):
                committed += own
        return committed

    def _on_given(self, partitions: list[Partition]) -> None:
        self._given |= set(partitions)
        # Topics may have more partitions than before.
        self._dispatch = None

    def _on_revoked(self, partitions: list[Partition]) -> None:
        self._save(partitions)
        self._drop(partitions)

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
