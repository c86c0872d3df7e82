"""The engine: signals in, anomalies out. It has neither a clock nor I/O, and belongs to one thread.

One engine serves one partition of its input: positions are that partition's offsets, and event time goes
by its signals.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, repeat

from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import finding
from secure_signal.core.detection.correlator import Correlator
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.routing import Candidate, Router
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing.entry import Feed, matches_of
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.detection.windowing.placement import Placement
from secure_signal.core.instant import SECOND

LATENESS = 60 * SECOND


class Engine:
    """Judges signals by a rule set.

    Times are in microseconds. ``lateness`` is how far a signal may come behind its group's newest and still
    count in correlations; plain detection rules look at every signal. Its caller keeps the far future out
    of ``enter``: after one signal of the year 9999 all that follow in the group are late.
    """

    def __init__(self, ruleset: RuleSet, *, lateness: int = LATENESS) -> None:
        self.ruleset = ruleset
        self.errors: Counter[str] = Counter()
        """How often each rule, by id, failed to be evaluated."""
        self._correlator = Correlator(ruleset, lateness, self.errors)
        self._router = Router(ruleset, self._correlator.feeds)
        self._placement = Placement(ruleset.correlations)

    @property
    def late(self) -> int:
        """Entries left out of windows because they came later than the lateness allows."""
        return self._correlator.windows.late

    @property
    def full(self) -> int:
        """Entries that were dropped from windows, or left out of them, as there were too many."""
        return self._correlator.windows.full + self._correlator.suppression.full

    @property
    def crowded(self) -> int:
        """Groups that were dropped because there were too many."""
        return self._correlator.windows.crowded

    @property
    def suppressed(self) -> int:
        """Anomalies that were not told of, as their rules suppress them for a time after another."""
        return self._correlator.suppression.suppressed

    @property
    def watermark(self) -> int:
        """The greatest time of all entries, by which groups end; set it after restoring groups."""
        return self._correlator.windows.watermark

    @watermark.setter
    def watermark(self, instant: int) -> None:
        self._correlator.windows.watermark = instant

    @property
    def position(self) -> int:
        """That of the last entry; set it, before restoring groups, to the last that is not entered again."""
        return self._correlator.windows.position

    @position.setter
    def position(self, position: int) -> None:
        self._correlator.windows.position = position

    def limit(self, memory: int) -> None:
        """Drop groups when all together take more bytes, about; without it, MEMORY."""
        self._correlator.windows.limit(memory)

    @property
    def groups(self) -> int:
        """How many groups have a window now."""
        return len(self._correlator.windows)

    def is_local(self, correlation: str) -> bool:
        """Whether each group is one user's, so that ``signal-events`` keeps it whole in a partition."""
        return self._correlator.is_local(correlation)

    def place(self, match: Match) -> str:
        """Equal for matches, of those that ``process_all`` leaves to others, which one task has to enter."""
        return self._placement.of(match)

    def candidates(self, event: Event) -> Sequence[Candidate]:
        """The detection rules that are tried with an event."""
        return self._router.candidates(event)

    def judge(self, event: Event, now: int) -> tuple[list[Anomaly], list[Match]]:
        """What plain detection rules find, and the entries for correlations; no state is touched."""
        anomalies: list[Anomaly] = []
        alone: list[Feed] = []
        together: list[Feed] = []
        for candidate in self._router.candidates(event):
            try:
                if not candidate.holds(event):
                    continue
                if candidate.rule.speaks:
                    anomalies.append(finding.of_signal(candidate.rule, event, now, self.ruleset.hash))
            except Exception:
                # One rule's failure is counted, and never stops the others.
                self.errors[candidate.rule.id] += 1
                continue
            alone += candidate.alone
            together += candidate.together
        # In the order in which the loop below enters them.
        feeds = alone + together
        return anomalies, self._matches(event, feeds) if feeds else []

    def enter(self, match: Match, position: int, now: int) -> list[Anomaly]:
        """Put one entry into its group's window; the episodes that this opens, there and along its chains.

        ``position`` is where the entry stands in the input; a group skips positions it has seen. An entry
        ahead of ``now`` counts in its own group, and does not end others.
        """
        return self._correlator.enter(match, position, now)

    def process_all(
        self, rows: Iterable[tuple[Event, int, int]]
    ) -> Iterator[tuple[int, int, list[Anomaly], list[Match]]]:
        """Judge signals, each with its position and now, and enter what belongs to their users.

        Tells of those of which something came: position and now, the anomalies, and the matches that others
        have to enter. It goes on as far as it is read.
        """
        others: list[Match] = []
        for position, now, found in self._observe(rows, others):
            yield position, now, found, others.copy()
            others.clear()

    def observe(self, event: Event, position: int, now: int) -> list[Anomaly]:
        """Judge a signal and enter what came of it: the whole engine in one call, for one process."""
        return self.observe_all((event,), position, now)

    def observe_all(self, events: Iterable[Event], first_position: int, now: int) -> list[Anomaly]:
        """Observe events that stand one after another in the input."""
        rows = zip(events, count(first_position), repeat(now), strict=False)
        return [anomaly for _, _, found in self._observe(rows, None) for anomaly in found]

    def _observe(
        self, rows: Iterable[tuple[Event, int, int]], others: list[Match] | None
    ) -> Iterator[tuple[int, int, list[Anomaly]]]:
        """Judge and enter; with ``others``, what is not local is added to them instead.

        What happens at every signal stands in this loop: a call costs as much as many a rule.
        """
        found: list[Anomaly] = []
        routes, put = self._router.routes, self._correlator.put
        for event, position, now in rows:
            try:
                route = routes[event.type]
            except KeyError:
                route = self._router.route(event.type)
            if not route:
                continue
            together: list[Feed] = []
            for rule, holds, alone, shared in route if isinstance(route, tuple) else route.find(event):
                try:
                    if not holds(event):
                        continue
                    if rule.speaks:
                        found.append(finding.of_signal(rule, event, now, self.ruleset.hash))
                except Exception:
                    # One rule's failure is counted, and never stops the others.
                    self.errors[rule.id] += 1
                    continue
                for feed in alone:
                    if others is None or feed.is_local:
                        found += put(feed, event, position, now, others)
                    else:
                        others += self._matches(event, [feed])
                together += shared
            if together:
                found += self._enter_together(event, together, position, now, others)
            if found or others:
                yield position, now, found
                found = []

    def _enter_together(
        self, event: Event, feeds: list[Feed], position: int, now: int, others: list[Match] | None
    ) -> list[Anomaly]:
        """Enter a signal where several rules may add to one entry."""
        found: list[Anomaly] = []
        for match in self._matches(event, feeds):
            if others is None or self.is_local(match.correlation):
                found += self._correlator.enter(match, position, now, others)
            else:
                others.append(match)
        return found

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """The groups that changed since the last call: key and state, None for a group that is gone.

        To be read before the next signal. Unread, the changes are forgotten at no cost.
        """
        return self._correlator.changes()

    def restore(self, key: str, state: bytes) -> bool:
        """Put back a group that ``changes`` gave; False when its rule is gone or has another meaning now."""
        return self._correlator.restore(key, state)

    def adopt(self, old: "Engine") -> int:
        """Go on where an engine with other rules was; how many groups are dropped.

        They are those whose rules are gone or mean something else now. The old engine is of no more use.
        """
        self.errors.update(old.errors)
        return self._correlator.adopt(old._correlator)

    def _matches(self, event: Event, feeds: list[Feed]) -> list[Match]:
        """The entries; where that fails, those of each correlation that does not."""
        try:
            return matches_of(event, feeds)
        except Exception:
            matches: list[Match] = []
            for correlation in dict.fromkeys(feed.correlation.id for feed in feeds):
                try:
                    matches += matches_of(event, [f for f in feeds if f.correlation.id == correlation])
                except Exception:
                    self.errors[correlation] += 1
            return matches
