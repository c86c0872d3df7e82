"""Which rules look at a signal: by the log source of its type."""

from dataclasses import dataclass

from secure_signal.core.detection.condition import Predicate, compile_node
from secure_signal.core.detection.entry import Feed, feeds_of
from secure_signal.core.detection.rule import Detection
from secure_signal.core.detection.ruleset import RuleSet

# Types come from outside: an attacker's million types must not fill the memory.
_MAX_TYPES = 4096


@dataclass(frozen=True, slots=True)
class Candidate:
    """A detection rule ready to run: its predicate, and the correlations that count its matches."""

    rule: Detection
    holds: Predicate
    feeds: tuple[Feed, ...]


class Router:
    """The candidates for each type of signal, found once for a type."""

    def __init__(self, ruleset: RuleSet) -> None:
        feeds = feeds_of(ruleset.correlations)
        self._logsources = ruleset.logsources
        self._candidates = [
            Candidate(rule, compile_node(rule.condition), feeds.get(rule.id, ()))
            for rule in ruleset.detections
            if rule.fires and (rule.speaks or rule.id in feeds)
        ]
        self._by_type: dict[str, list[Candidate]] = {}

    def candidates(self, signal_type: str) -> list[Candidate]:
        """The rules whose log source is that of the type, in the order of the rule set."""
        found = self._by_type.get(signal_type)
        if found is None:
            if len(self._by_type) >= _MAX_TYPES:
                self._by_type.clear()
            found = self._by_type[signal_type] = self._find(signal_type)
        return found

    def _find(self, signal_type: str) -> list[Candidate]:
        source = self._logsources.of(signal_type)
        if source is None:
            return []
        return [c for c in self._candidates if c.rule.logsource.covers(source)]
