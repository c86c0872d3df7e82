"""Rule coverage on ``detector-state``: which records each rule set evaluated, and what was in each set.

A run has the key ``coverage/<topic>/<partition>/<name>`` and lies in the partition of its number; the rules
of a rule set have ``rulesets/<hash>``. To ask whether a rule was on::

    coverage = rule_coverage.read(bootstrap_servers)
    coverage.was_on(rule_id, topics.SIGNALS, partition, offset).on           # of one record
    coverage.was_on_between(rule_id, topics.SIGNALS, since, until).on        # by arrival, microseconds

True and False are certain; None: by some of the evaluations only, or by none that is remembered
(``.evaluations`` has each with its run and the rule as it stood then).
"""

from typing import TypeVar

import msgspec

from secure_signal.adapters import state_log
from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.adapters.topics import DETECTOR_STATE
from secure_signal.core.detection.inquiry.coverage import Coverage, Run, merged
from secure_signal.core.detection.rules.rule_list import RuleList

PREFIX = "coverage/"
RULESETS = "rulesets/"

encode = msgspec.json.Encoder().encode
T = TypeVar("T")

_decode_run = msgspec.json.Decoder(Run).decode
_decode_list = msgspec.json.Decoder(RuleList).decode


def read(bootstrap_servers: str) -> Coverage:
    """All that is remembered; RetryError where Kafka does not answer."""
    _, ends = TopicLogs(bootstrap_servers).ends(DETECTOR_STATE)
    runs: dict[str, Run] = {}
    lists: dict[str, RuleList] = {}
    for key, value in state_log.read(bootstrap_servers, set(ends)):
        if key.startswith(PREFIX):
            _keep(runs, key, run(value))
        elif key.startswith(RULESETS):
            _keep(lists, key.removeprefix(RULESETS), rule_list(value))
    return Coverage(tuple(merged(runs.values())), lists)


def run(value: bytes | None) -> Run | None:
    """A run; None where it is gone, or another version wrote it."""
    try:
        return _decode_run(value) if value is not None else None
    except msgspec.DecodeError:
        return None


def rule_list(value: bytes | None) -> RuleList | None:
    """The rules of a set; None likewise."""
    try:
        return _decode_list(value) if value is not None else None
    except msgspec.DecodeError:
        return None


def _keep(kept: dict[str, T], key: str, value: T | None) -> None:
    if value is None:
        kept.pop(key, None)
    else:
        kept[key] = value
