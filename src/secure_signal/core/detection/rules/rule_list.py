"""What a rule set contained: its rules by name, without what they say."""

from typing import Literal

import msgspec

from secure_signal.core.anomaly import Severity
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Rule
from secure_signal.core.detection.rules.ruleset import RuleSet


class RuleHead(msgspec.Struct, frozen=True):
    """A rule's names; ``digest`` changes when what it matches does, ``speaks`` is False for a silent part."""

    id: str
    title: str
    anomaly_type: str
    kind: Literal["detection", "correlation"]
    level: Severity
    digest: str
    speaks: bool = True


class RuleList(msgspec.Struct, frozen=True):
    """The rules of the set with this hash; ``noted`` is when it was last in force (microseconds)."""

    ruleset: str
    noted: int
    rules: list[RuleHead]

    def get(self, rule_id: str) -> RuleHead | None:
        """One of them; None where there is none of this id."""
        return next((rule for rule in self.rules if rule.id == rule_id), None)


def of(ruleset: RuleSet, now: int) -> RuleList:
    """The list of a rule set that is in force now."""
    return RuleList(ruleset.hash, now, [_head(rule) for rule in ruleset.rules])


def _head(rule: Rule) -> RuleHead:
    return RuleHead(
        id=rule.id,
        title=rule.title,
        anomaly_type=rule.anomaly_type,
        kind="correlation" if isinstance(rule, Correlation) else "detection",
        level=rule.level,
        digest=rule.digest,
        speaks=rule.speaks,
    )
