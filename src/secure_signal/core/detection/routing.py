"""Which rules look at a signal: by its type and the log source of that, then by what is in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from secure_signal.core.detection import need
from secure_signal.core.detection.condition import Node
from secure_signal.core.detection.entry import Feed
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.field import fold
from secure_signal.core.detection.index import Index
from secure_signal.core.detection.logsource import LogSource
from secure_signal.core.detection.predicate import Predicate, compile_node
from secure_signal.core.detection.rule import Detection
from secure_signal.core.detection.ruleset import RuleSet
from secure_signal.core.detection.type_test import NEVER, given, types_of

# Types come from outside: an attacker's million types must not fill the memory.
_MAX_TYPES = 4096
# So few rules are tried one by one sooner than they are found by an index.
_FEW = 4


class Candidate(NamedTuple):
    """A detection rule ready to run, and the correlations that count its matches.

    Those of ``alone`` are entered one by one. A correlation of ``together`` may be fed by another rule that
    looks at the same signal too, and takes what both say as one entry.
    """

    rule: Detection
    holds: Predicate
    alone: tuple[Feed, ...]
    together: tuple[Feed, ...]


Route: TypeAlias = tuple[Candidate, ...] | Index[Candidate]


class Router:
    """The candidates for each signal.

    ``routes`` has what looks at each type that came so far; ``route`` finds it for a type that is new.
    """

    def __init__(self, ruleset: RuleSet, feeds: Mapping[str, tuple[Feed, ...]]) -> None:
        self.routes: dict[str, Route] = {}
        self._logsources = ruleset.logsources
        self._feeds = feeds
        self._rules = [
            rule for rule in ruleset.detections if rule.fires and (rule.speaks or rule.id in feeds)
        ]
        self._types = {rule.id: types_of(rule.condition) for rule in self._rules}
        self._named: dict[LogSource, frozenset[str]] = {}
        self._found: dict[tuple[LogSource, str], Route] = {}
        self._compiled: dict[str, Predicate] = {}

    def candidates(self, event: Event) -> Sequence[Candidate]:
        """The rules that an event might match, in the order of the rule set."""
        route = self.routes.get(event.type)
        if route is None:
            route = self.route(event.type)
        return route if isinstance(route, tuple) else route.find(event)

    def route(self, kind: str) -> Route:
        """The candidates for a type, all of them or by an index; found once."""
        if len(self.routes) >= _MAX_TYPES:
            self.routes.clear()
        route = self.routes[kind] = self._route(kind)
        return route

    def _route(self, kind: str) -> Route:
        source = self._logsources.of(kind)
        if source is None:
            return ()
        folded = fold(kind)
        # Types that no rule names have one route together: their number is not ours to bound.
        key = source, folded if folded in self._names(source) else ""
        if key not in self._found:
            self._found[key] = self._build(*key)
        return self._found[key]

    def _names(self, source: LogSource) -> frozenset[str]:
        """The types that the rules of a log source name."""
        if source not in self._named:
            types = [self._types[rule.id] or () for rule in self._rules if rule.logsource.covers(source)]
            self._named[source] = frozenset().union(*types)
        return self._named[source]

    def _build(self, source: LogSource, kind: str) -> Route:
        looking = [
            (rule, condition)
            for rule in self._rules
            if rule.logsource.covers(source) and (condition := self._condition(rule, kind)) != NEVER
        ]
        fed = Counter(feed.correlation.id for rule, _ in looking for feed in self._feeds.get(rule.id, ()))
        shared = need.shared(condition for _, condition in looking)
        candidates = [(need.of(c, shared), self._candidate(rule, c, fed)) for rule, c in looking]
        if len(candidates) <= _FEW:
            return tuple(candidate for _, candidate in candidates)
        return Index(candidates)

    def _condition(self, rule: Detection, kind: str) -> Node:
        """What a rule asks of signals of a type that rules name, or of the others (``kind`` is empty)."""
        types = self._types[rule.id]
        if types is not None and kind not in types:
            return NEVER
        return given(rule.condition, kind) if kind else rule.condition

    def _candidate(self, rule: Detection, condition: Node, fed: Counter[str]) -> Candidate:
        feeds = self._feeds.get(rule.id, ())
        return Candidate(
            rule,
            self._predicate(rule, condition),
            tuple(feed for feed in feeds if fed[feed.correlation.id] == 1),
            tuple(feed for feed in feeds if fed[feed.correlation.id] > 1),
        )

    def _predicate(self, rule: Detection, condition: Node) -> Predicate:
        if condition != rule.condition:
            return compile_node(condition)
        if rule.id not in self._compiled:
            self._compiled[rule.id] = compile_node(condition)
        return self._compiled[rule.id]
