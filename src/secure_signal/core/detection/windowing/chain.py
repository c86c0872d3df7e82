"""Correlations of correlations: what one finds is an entry of those that list it.

Each opening of a listed correlation becomes an entry with the opening's event time and user, called as in
``origin``, whether the listed rule speaks, is silent or suppresses the anomaly. Its fields are the group-by
names, with the group's values, and ``user_id``; any other field is that of the signal which completed it
(an outer rule uses its own group-by, whatever the inner one's is: Sigma Correlation Rules Specification 2.1).

A signal's entries are entered one after another: first those of groups within its user, then the others. What
an entry opens is followed to the end of its chains before the next one, in the order in which it is found. So
it is the same in one process and in several, where the others are entered elsewhere.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.windowing import origin
from secure_signal.core.detection.windowing.entry import Feed
from secure_signal.core.detection.windowing.match import Match, Scalar
from secure_signal.core.detection.windowing.window import Opening


class Chain:
    """What correlations found, and those that list them have yet to hear of.

    ``links`` has the feeds of the correlations that others list, by their ids; ``pending`` what is to come.
    """

    def __init__(self, correlations: Iterable[Correlation], feeds: Mapping[str, Sequence[Feed]]) -> None:
        self.links = {rule.id: feeds[rule.id] for rule in correlations if rule.id in feeds}
        self.pending: deque[Match] = deque()

    def add(self, rule: Correlation, group: tuple[Scalar, ...], opening: Opening, name: str) -> None:
        """Take an opening of a correlation that is listed, with the anomaly's id."""
        entry = opening.evidence[-1]
        own = dict(zip(rule.group_by, group, strict=True))
        fields = {**origin.fields_of(entry), "user_id": opening.user_id, **own}
        event = Event(opening.user_id, str(fields.get("type", "")), opening.time, fields, name)
        self.pending.extend(_matches(event, origin.signal_of(entry), self.links[rule.id]))

    def entries(self) -> Iterator[Match]:
        """The entries, and those that are added meanwhile, until there are no more."""
        while self.pending:
            yield self.pending.popleft()


def _matches(found: Event, signal_id: str, feeds: Iterable[Feed]) -> list[Match]:
    """One match for each group of each correlation, as ``entry.matches_of`` makes them of signals."""
    matches: dict[tuple[str, str], Match] = {}
    fields = found.payload
    for feed in feeds:
        outer = feed.correlation
        group_fields = outer.slots[feed.slot].group_fields
        if not fields.keys() >= {*group_fields}:
            continue
        group = tuple(fields[field] for field in group_fields)
        key = outer.id, repr(group)
        slots = (*matches[key].slots, feed.slot) if key in matches else (feed.slot,)
        carried = {field: fields[field] for field in outer.carried if field in fields}
        entry = origin.called(signal_id, carried, found.id)
        values = tuple(feed.values(found))
        matches[key] = Match(outer.id, slots, group, found.timestamp, entry, found.user_id, values)
    return list(matches.values())
