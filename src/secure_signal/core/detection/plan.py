"""What a rule set's detections ask of signals, compiled once for all engines of the set."""

from typing import NamedTuple
from weakref import WeakKeyDictionary

from secure_signal.core.detection.field import fold
from secure_signal.core.detection.matching import need
from secure_signal.core.detection.matching.condition import Node
from secure_signal.core.detection.matching.index import Index
from secure_signal.core.detection.matching.predicate import Predicate, compile_node
from secure_signal.core.detection.matching.type_test import NEVER, given, types_of
from secure_signal.core.detection.rules.logsource import LogSource
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.rules.ruleset import RuleSet

# So few rules are tried one by one sooner than they are found by an index.
_FEW = 4
# Types come from outside: an attacker's million types must not fill the memory.
MAX_TYPES = 4096


class Prepared(NamedTuple):
    """The rules that look at signals of a type, in the order of the rule set, each with its predicate.

    ``by_need`` has their numbers; None where they are few.
    """

    rules: tuple[tuple[Detection, Predicate], ...]
    by_need: Index[int] | None


class Plan:
    """What the rules of a set ask of signals. It has no state of any partition: all engines share it."""

    def __init__(self, ruleset: RuleSet) -> None:
        listed = {slot.rule_id for correlation in ruleset.correlations for slot in correlation.slots}
        self._rules = [
            rule for rule in ruleset.detections if rule.fires and (rule.speaks or rule.id in listed)
        ]
        self._types = {rule.id: types_of(rule.condition) for rule in self._rules}
        self._named: dict[LogSource, frozenset[str]] = {}
        self._found: dict[tuple[LogSource, str], Prepared] = {}
        self._compiled: dict[Node, Predicate] = {}
        self.kinds: set[str] = set()
        """The types that were asked for, as far as it remembers."""

    def key(self, source: LogSource, kind: str) -> tuple[LogSource, str]:
        """Equal for types that the same rules look at in the same way.

        Types that no rule names have one key together: their number is not ours to bound.
        """
        if len(self.kinds) < MAX_TYPES:
            self.kinds.add(kind)
        folded = fold(kind)
        return source, folded if folded in self._names(source) else ""

    def prepared(self, key: tuple[LogSource, str]) -> Prepared:
        """What looks at the types of this key; compiled when it is first asked for."""
        if key not in self._found:
            self._found[key] = self._prepare(*key)
        return self._found[key]

    def _names(self, source: LogSource) -> frozenset[str]:
        """The types that the rules of a log source name."""
        if source not in self._named:
            types = [self._types[rule.id] or () for rule in self._rules if rule.logsource.covers(source)]
            self._named[source] = frozenset().union(*types)
        return self._named[source]

    def _prepare(self, source: LogSource, kind: str) -> Prepared:
        looking = [
            (rule, condition)
            for rule in self._rules
            if rule.logsource.covers(source) and (condition := self._condition(rule, kind)) != NEVER
        ]
        rules = tuple((rule, compile_node(condition, self._compiled)) for rule, condition in looking)
        if len(rules) <= _FEW:
            return Prepared(rules, None)
        shared = need.shared(condition for _, condition in looking)
        needs = (need.of(condition, shared) for _, condition in looking)
        return Prepared(rules, Index((each, number) for number, each in enumerate(needs)))

    def _condition(self, rule: Detection, kind: str) -> Node:
        """What a rule asks of signals of a type that rules name, or of the others (``kind`` is empty)."""
        types = self._types[rule.id]
        if types is not None and kind not in types:
            return NEVER
        return given(rule.condition, kind) if kind else rule.condition


def of(ruleset: RuleSet) -> Plan:
    """The plan of a rule set: the same one as long as anybody has the set."""
    return _plans.get(ruleset) or _plans.setdefault(ruleset, Plan(ruleset))


def prepare(ruleset: RuleSet, former: RuleSet) -> None:
    """Compile what a rule set asks of the types that came under the former one, before it judges.

    Of thousands of rules that takes half a second a type: it is for a thread other than that which judges.
    """
    own = of(ruleset)
    for kind in list(of(former).kinds):
        source = ruleset.logsources.of(kind)
        if source is not None:
            own.prepared(own.key(source, kind))


# A detector has an engine for each partition: of thousands of rules, each would take half a second.
_plans: WeakKeyDictionary[RuleSet, Plan] = WeakKeyDictionary()
