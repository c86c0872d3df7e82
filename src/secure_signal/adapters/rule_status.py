"""Which rules each detector has in force, on ``detector-state``: said by detectors, read by the dashboard.

All in partition 0: of each detector ``status/<instance>``, and of each rule set ``rulesets/<hash>``.
"""

import msgspec
from confluent_kafka import KafkaError, KafkaException, Message

from secure_signal.adapters import kafka, rule_coverage, state_log
from secure_signal.adapters.topics import DETECTOR_STATE
from secure_signal.core.detection.inquiry.coverage import KEPT
from secure_signal.core.detection.rules.rule_list import RuleList
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.errors import RetryError
from secure_signal.core.instant import SECOND

PREFIX = "status/"
MAX_PROBLEMS = 50

_PARTITION = 0
_SECONDS = 10.0
_DAY = 24 * 3600 * SECOND
_MOST_LISTS = 20
# What was given up was told as that already.
_PURGED = {KafkaError._PURGE_QUEUE, KafkaError._PURGE_INFLIGHT}


class Failure(msgspec.Struct, frozen=True):
    """Why rule files could not be loaded at ``time`` (microseconds): the first of ``count`` problems."""

    time: int
    count: int
    problems: list[Problem]


class Status(msgspec.Struct, frozen=True):
    """The rule set that a detector has in force since ``loaded``, and what is wrong with the files since.

    Times in microseconds; ``seen`` is when the detector said so.
    """

    instance: str
    ruleset: str
    rules: int
    loaded: int
    seen: int
    failure: Failure | None = None


class Announcements:
    """What one detector says; RetryError where Kafka does not take it."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._producer = kafka.producer(bootstrap_servers, "anomaly-detector-status")
        self._failure: KafkaError | None = None

    def note(self, rules: RuleList) -> None:
        """Remember a rule set for as long as runs of its evaluations are; forget what nobody needs."""
        read = state_log.read(self._servers, {_PARTITION})
        # The groups and runs of a task are there too.
        known = {key: value for key, value in read if key.startswith((PREFIX, rule_coverage.RULESETS))}
        mine = rule_coverage.RULESETS + rules.ruleset
        before = rule_coverage.rule_list(known.pop(mine, None))
        if before is None or before.noted < rules.noted - _DAY:
            self._produce(mine, msgspec.json.encode(rules))
        for key, value in known.items():
            if value is not None and _is_outlived(key, value, rules.noted):
                self._produce(key, None)
        self._settle()

    def tell(self, status: Status) -> None:
        """Say which rules are in force."""
        self._produce(PREFIX + status.instance, msgspec.json.encode(status))
        self._settle()

    def leave(self, instance: str) -> None:
        """This detector has ended."""
        self._produce(PREFIX + instance, None)
        self._settle()

    def _produce(self, key: str, value: bytes | None) -> None:
        try:
            self._producer.produce(
                DETECTOR_STATE, key=key, value=value, partition=_PARTITION, on_delivery=self._delivered
            )
        except (BufferError, KafkaException) as error:
            raise RetryError(f"Kafka does not take which rules are in force: {error}") from error

    def _settle(self) -> None:
        if self._producer.flush(_SECONDS):
            self._producer.purge()
            raise RetryError("Kafka does not take which rules are in force")
        failure, self._failure = self._failure, None
        if failure is not None:
            raise RetryError(f"Kafka refuses which rules are in force: {failure.str()}")

    def _delivered(self, error: KafkaError | None, _: Message) -> None:
        if error is not None and error.code() not in _PURGED:
            self._failure = error


class Statuses:
    """What all detectors said, as last read; not for more than one thread at a time."""

    def __init__(self, bootstrap_servers: str) -> None:
        self._servers = bootstrap_servers
        self._offsets = {_PARTITION: 0}
        self._statuses: dict[str, Status] = {}
        self._lists: dict[str, bytes] = {}

    def read(self) -> list[Status]:
        """What is new is read; RetryError where Kafka does not answer."""
        for key, value in state_log.read_on(self._servers, self._offsets):
            if key.startswith(PREFIX):
                self._keep(key, value)
            elif key.startswith(rule_coverage.RULESETS) and value is not None:
                ruleset = key.removeprefix(rule_coverage.RULESETS)
                self._lists.pop(ruleset, None)
                self._lists[ruleset] = value
                if len(self._lists) > _MOST_LISTS:
                    del self._lists[next(iter(self._lists))]
        return sorted(self._statuses.values(), key=lambda status: status.instance)

    def rules(self, ruleset: str) -> RuleList | None:
        """The rules of a set by its hash; None where it is not known (the last 20 of them are)."""
        return rule_coverage.rule_list(self._lists.get(ruleset))

    def _keep(self, key: str, value: bytes | None) -> None:
        self._statuses.pop(key, None)
        if status := _status(value):
            self._statuses[key] = status


def _is_outlived(key: str, value: bytes, now: int) -> bool:
    """Whether what stands there is of no use to anybody; what another version wrote is left alone."""
    if key.startswith(PREFIX):
        status = _status(value)
        return status is not None and status.seen < now - _DAY
    if key.startswith(rule_coverage.RULESETS):
        rules = rule_coverage.rule_list(value)
        return rules is not None and rules.noted < now - KEPT - 2 * _DAY
    return False


def _status(value: bytes | None) -> Status | None:
    """None where it is gone, or another version wrote it."""
    try:
        return msgspec.json.decode(value, type=Status) if value is not None else None
    except msgspec.DecodeError:
        return None
