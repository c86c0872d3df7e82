"""Which task holds the groups that users share, so that what one finds need not travel to another.

Without chains a group can be anywhere. In a chain, what a group finds is an entry of a group of the rule that
lists it, and stands there beside entries of signals: were that elsewhere, it would come late. So all groups
that a finding can reach are placed by the values that they have in common: those of the last rule's group-by
that can be told from every group on the way. Where there are none, or there are several last rules, one task
holds the whole chain.
"""

from collections.abc import Iterable, Sequence

from secure_signal.core.detection.rules.correlation import Correlation, Slot
from secure_signal.core.detection.windowing.match import Match, window_key

Link = tuple[Correlation, Slot, Correlation]
"""A correlation that is listed, how, and the one that lists it; users share the groups of both."""


class Placement:
    """Places of groups, as texts that are equal for what belongs together."""

    def __init__(self, correlations: Sequence[Correlation]) -> None:
        self._columns: dict[str, tuple[str, tuple[int, ...]]] = {}
        for links in _chains(_links(correlations)):
            columns = _columns(links)
            name = min(columns)
            self._columns |= {correlation: (name, places) for correlation, places in columns.items()}

    def of(self, match: Match) -> str:
        """The place of the group that a match enters."""
        chained = self._columns.get(match.correlation)
        if chained is None:
            return match.key
        name, columns = chained
        return window_key(name, tuple(match.group[column] for column in columns))


def _links(correlations: Sequence[Correlation]) -> list[Link]:
    """Those of the last rules first."""
    known = {rule.id: rule for rule in correlations}
    return [
        (known[slot.rule_id], slot, rule)
        for rule in reversed(correlations)
        for slot in rule.slots
        if slot.is_shared
    ]


def _chains(links: Iterable[Link]) -> list[list[Link]]:
    """The links that hang together."""
    chains: list[tuple[set[str], list[Link]]] = []
    for link in links:
        ends = {link[0].id, link[2].id}
        touched = [chain for chain in chains if chain[0] & ends]
        chains = [chain for chain in chains if not chain[0] & ends]
        chains.append((ends.union(*(c[0] for c in touched)), [*(old for c in touched for old in c[1]), link]))
    return [chain for _, chain in chains]


def _columns(links: Sequence[Link]) -> dict[str, tuple[int, ...]]:
    """The columns of each rule's group that have what all have in common, in one order for all."""
    listed = {inner.id for inner, _, _ in links}
    last = {outer.id: outer for _, _, outer in links if outer.id not in listed}
    columns: dict[str, list[int | None]] = {}
    for rule in last.values():
        columns[rule.id] = list(range(len(rule.group_by))) if len(last) == 1 else []
    for inner, slot, outer in links:
        told = [_column(inner, slot, column) for column in columns[outer.id]]
        known = columns.setdefault(inner.id, told)
        columns[inner.id] = [one if one == other else None for one, other in zip(known, told, strict=True)]
    common = [at for at, places in enumerate(zip(*columns.values(), strict=True)) if None not in places]
    return {
        rule: tuple(c for at in common if (c := places[at]) is not None) for rule, places in columns.items()
    }


def _column(inner: Correlation, slot: Slot, column: int | None) -> int | None:
    """Where the listed rule's group has what a column of the other's is read from."""
    field = None if column is None else slot.group_fields[column]
    return inner.group_by.index(field) if field in inner.group_by else None
