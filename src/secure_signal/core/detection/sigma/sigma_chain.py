"""Correlations of correlations: the order in which they are made, the cycles that have none, and what they
ask of each other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from sigma.correlations import SigmaCorrelationRule

from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.detection.sigma.sigma import identifier

Written = tuple[Document, SigmaCorrelationRule]

_MOST_SHOWN = 10


def in_order(written: Sequence[Written]) -> tuple[list[Written], list[Problem]]:
    """The correlations, each after those that it lists; a problem for each cycle, at the first of it.

    However long a chain is, nothing here recurses.
    """
    listed = _listed(written)
    problems: list[Problem] = []
    while True:
        try:
            return [written[number] for number in TopologicalSorter(listed).static_order()], problems
        except CycleError as error:
            # Each of the cycle is listed by the one after it, and the last is the first again.
            cycle = error.args[1][:0:-1]
            problems.append(_problem([written[number] for number in _turned(cycle)]))
            listed = {n: others - set(cycle) for n, others in listed.items() if n not in cycle}


def carrying(correlations: Sequence[Correlation]) -> list[Correlation]:
    """The correlations (each after those that it lists), with what others ask of what they find."""
    asked: dict[str, set[str]] = {rule.id: set() for rule in correlations}
    for rule in reversed(correlations):
        asked[rule.id] -= {*rule.group_by, "user_id"}
        for slot in rule.slots:
            if slot.rule_id in asked:
                asked[slot.rule_id] |= {*slot.group_fields, *slot.value_fields, *asked[rule.id]}
    return [replace(rule, carried=tuple(sorted(asked[rule.id]))) for rule in correlations]


def _listed(written: Sequence[Written]) -> Mapping[int, set[int]]:
    numbers: dict[str, int] = {}
    for number, (_, rule) in enumerate(written):
        for name in (identifier(rule), rule.name):
            if name:
                numbers.setdefault(name, number)
    return {
        number: {
            numbers[name] for name in map(str, (ref.reference for ref in rule.rules or [])) if name in numbers
        }
        for number, (document, rule) in enumerate(written)
    }


def _turned(cycle: list[int]) -> list[int]:
    """The cycle from its first document on."""
    at = cycle.index(min(cycle))
    return [*cycle[at:], *cycle[:at]]


def _problem(cycle: Sequence[Written]) -> Problem:
    first, _ = cycle[0]
    way = [f"{rule.name or rule.id or rule.title} ({document.origin})" for document, rule in cycle]
    more = len(way) - _MOST_SHOWN
    shown = [*way[:_MOST_SHOWN], *([f"… ({more:,} more)"] if more > 0 else []), way[0]]
    line = first.line(("correlation", "rules"), ("correlation", "condition"), ("correlation",))
    what = f"correlates itself: {' lists '.join(shown)}; take one of them out of the list"
    return Problem(first.file, line, what)
