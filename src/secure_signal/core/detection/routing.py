"""Which rules look at a signal: by its type and the log source of that, then by what is in it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from secure_signal.core.detection import plan
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.matching.index import Index
from secure_signal.core.detection.matching.predicate import Predicate
from secure_signal.core.detection.plan import Prepared
from secure_signal.core.detection.rules.logsource import LogSource
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing.entry import Feed


class Candidate(NamedTuple):
    """A detection rule ready to run, and the correlations that count its matches.

    Those of ``alone`` are entered one by one. A correlation of ``together`` may be fed by another rule that
    looks at the same signal too, and takes what both say as one entry; or its entries carry fields.
    """

    rule: Detection
    holds: Predicate
    alone: tuple[Feed, ...]
    together: tuple[Feed, ...]


Route: TypeAlias = tuple[Candidate, ...] | Index[Candidate]


class Router:
    """The candidates for each signal.

    ``routes`` has what looks at each type that came so far; ``route`` finds it for a type that is new.
    Routers of one rule set share its plan, and belong to one thread together.
    """

    def __init__(self, ruleset: RuleSet, feeds: Mapping[str, tuple[Feed, ...]]) -> None:
        self.routes: dict[str, Route] = {}
        self._logsources = ruleset.logsources
        self._feeds = feeds
        self._plan = plan.of(ruleset)
        self._found: dict[tuple[LogSource, str], Route] = {}

    def candidates(self, event: Event) -> Sequence[Candidate]:
        """The rules that an event might match, in the order of the rule set."""
        route = self.routes.get(event.type)
        if route is None:
            route = self.route(event.type)
        return route if isinstance(route, tuple) else route.find(event)

    def route(self, kind: str) -> Route:
        """The candidates for a type, all of them or by an index; found once."""
        if len(self.routes) >= plan.MAX_TYPES:
            self.routes.clear()
        route = self.routes[kind] = self._route(kind)
        return route

    def _route(self, kind: str) -> Route:
        source = self._logsources.of(kind)
        if source is None:
            return ()
        key = self._plan.key(source, kind)
        if key not in self._found:
            self._found[key] = self._joined(self._plan.prepared(key))
        return self._found[key]

    def _joined(self, prepared: Prepared) -> Route:
        """Rules with the correlations that count them here."""
        feeds = [self._feeds.get(rule.id, ()) for rule, _ in prepared.rules]
        fed = Counter(feed.correlation.id for each in feeds for feed in each)
        candidates = tuple(
            Candidate(
                rule,
                predicate,
                tuple(feed for feed in each if _is_alone(feed, fed)),
                tuple(feed for feed in each if not _is_alone(feed, fed)),
            )
            for (rule, predicate), each in zip(prepared.rules, feeds, strict=True)
        )
        return candidates if prepared.by_need is None else prepared.by_need.to(candidates)


def _is_alone(feed: Feed, fed: Counter[str]) -> bool:
    return fed[feed.correlation.id] == 1 and not feed.correlation.carried
