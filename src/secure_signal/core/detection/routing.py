"""Which rules look at a signal: by the log source of its type, then by what is in it."""

from dataclasses import dataclass

from secure_signal.core.detection import need
from secure_signal.core.detection.condition import Predicate, compile_node
from secure_signal.core.detection.entry import Feed, feeds_of
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.index import Index
from secure_signal.core.detection.logsource import LogSource
from secure_signal.core.detection.need import Need
from secure_signal.core.detection.rule import Detection
from secure_signal.core.detection.ruleset import RuleSet

# Types come from outside: an attacker's million types must not fill the memory.
_MAX_TYPES = 4096


@dataclass(frozen=True, slots=True)
class Candidate:
    """A detection rule ready to run: its predicate, its need, and the correlations that count its matches."""

    rule: Detection
    holds: Predicate
    need: Need | None
    feeds: tuple[Feed, ...]


class Router:
    """The candidates for each signal; an index for each log source, found once for a type."""

    def __init__(self, ruleset: RuleSet) -> None:
        feeds = feeds_of(ruleset.correlations)
        self._logsources = ruleset.logsources
        self._candidates = [
            Candidate(rule, compile_node(rule.condition), need.of(rule.condition), feeds.get(rule.id, ()))
            for rule in ruleset.detections
            if rule.fires and (rule.speaks or rule.id in feeds)
        ]
        self._by_source: dict[LogSource, Index[Candidate]] = {}
        self._by_type: dict[str, Index[Candidate] | None] = {}

    def candidates(self, event: Event) -> list[Candidate]:
        """The rules that an event might match, in the order of the rule set."""
        kind = event.type
        try:
            index = self._by_type[kind]
        except KeyError:
            index = self._route(kind)
        return [] if index is None else index.find(event)

    def _route(self, kind: str) -> Index[Candidate] | None:
        if len(self._by_type) >= _MAX_TYPES:
            self._by_type.clear()
        source = self._logsources.of(kind)
        index = None if source is None else self._index(source)
        self._by_type[kind] = index
        return index

    def _index(self, source: LogSource) -> Index[Candidate] | None:
        """The index of a log source; None when no rule looks at it."""
        index = self._by_source.get(source)
        if index is None:
            covering = [(c.need, c) for c in self._candidates if c.rule.logsource.covers(source)]
            index = self._by_source[source] = Index(covering)
        return index if len(index) else None
