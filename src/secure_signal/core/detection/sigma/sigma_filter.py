"""Sigma's filters: conditions that are added to rules elsewhere (Sigma Filters Specification 2.1).

As in pySigma, what a filter's condition says must hold for the rules it names: exceptions are written
``condition: not selection``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from secure_signal.core.detection.matching.condition import AllOf, Node, leaves
from secure_signal.core.detection.matching.predicate import compile_node
from secure_signal.core.detection.rules.logsource import LogSource
from secure_signal.core.detection.rules.rule import Detection, Narrowing
from secure_signal.core.detection.sigma import sigma, spelling
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.sigma_value import PlaceholderError, Placeholders

MOST_TESTS = 500_000
"""What all filters may add to all rules together, in values that are asked for."""


@dataclass(frozen=True)
class Filter:
    """A condition for rules: for those it names, or for any (``rules`` is None), of its log source.

    Without a condition it waits for the values of a placeholder, ``missing``, and narrows nothing: what it
    would leave out is found rather than missed.
    """

    id: str
    title: str
    origin: str
    logsource: LogSource
    rules: tuple[str, ...] | None
    condition: Node | None
    missing: str = ""

    def narrows(self, rule: Detection) -> bool:
        """Whether it is added to a rule."""
        return self.condition is not None and self._names(rule) and self.logsource.covers(rule.logsource)

    def remarks(self, rules: Sequence[Detection]) -> Iterator[str]:
        """What a person should know who thinks that it narrows rules."""
        if self.condition is None:
            lacks = f"the placeholder %{self.missing}% has no values"
            yield f"{self.origin}: {self.title}: narrows nothing: {lacks}"
            return
        known = {name for rule in rules for name in (rule.id, rule.name)}
        for name in self.rules or ():
            if name not in known:
                yield f"{self.origin}: {self.title}: there is no rule '{name}' that it could narrow"
        for rule in rules:
            if self.rules is not None and self._names(rule) and not self.narrows(rule):
                yield f"{self.origin}: {self.title}: leaves '{rule.title}' as it is, of another log source"
        if self.rules is None and not any(map(self.narrows, rules)):
            yield f"{self.origin}: {self.title}: narrows nothing: no rule has its log source"

    def _names(self, rule: Detection) -> bool:
        return self.rules is None or rule.id in self.rules or (rule.name != "" and rule.name in self.rules)


def excess(filters: Iterable[Filter], rules: Sequence[Detection]) -> Filter | None:
    """The filter with which all up to it add more to rules than MOST_TESTS; None where that is none."""
    tests = 0
    for each in filters:
        if each.condition is not None:
            tests += sum(map(each.narrows, rules)) * sum(1 for _ in leaves(each.condition))
        if tests > MOST_TESTS:
            return each
    return None


def narrowed(rule: Detection, filters: Iterable[Filter]) -> Detection:
    """The rule with the conditions of the filters that name it."""
    narrowing = [each for each in filters if each.narrows(rule)]
    added = [each.condition for each in narrowing if each.condition is not None]
    if not added or not rule.fires:
        return rule
    notices = (notice for each in added for notice in sigma.bounded(each))
    node = sigma.simplify(AllOf((rule.condition, *added)))
    digest = sigma.digest(rule.logsource, node)
    return replace(
        rule,
        condition=node,
        digest=digest,
        notices=(*rule.notices, *notices),
        narrowed_by=tuple(Narrowing(f.id, f.title, f.origin, f.logsource) for f in narrowing),
    )


def filter_of(document: Document, parsed: SigmaFilter, placeholders: Placeholders) -> Filter:
    """The filter; SigmaError where its condition is wrong, ValueError where we cannot run it."""
    written = {key: value for key, value in document.content["filter"].items() if key != "rules"}
    rule = spelling.rule_of(
        {"title": parsed.title, "logsource": document.content["logsource"], "detection": written}
    )
    condition, missing = _condition(rule, placeholders)
    names = parsed.filter.rules
    return Filter(
        id=sigma.identifier(parsed),
        title=parsed.title,
        origin=document.origin,
        logsource=sigma.logsource_of(parsed.logsource),
        rules=None if isinstance(names, str) else tuple(_identifier(str(name.reference)) for name in names),
        condition=condition,
        missing=missing,
    )


def _condition(rule: SigmaRule, placeholders: Placeholders) -> tuple[Node | None, str]:
    """The condition, or the placeholder that it lacks the values of."""
    try:
        node = sigma.condition_of(rule, placeholders)
    except PlaceholderError as missing:
        return None, str(missing)
    compile_node(node)  # What is too much for it is this document's problem.
    return node, ""


def _identifier(reference: str) -> str:
    """A rule's id as pySigma writes it, or a name."""
    try:
        return str(UUID(reference))
    except ValueError:
        return reference
