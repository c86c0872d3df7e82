"""The engine: signals in, anomalies out. It has neither a clock nor I/O, and belongs to one thread.

One engine serves one partition of its input: positions are that partition's offsets, and event time goes
by its signals.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from secure_signal.core import identity, instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import origin, summary
from secure_signal.core.detection.chain import Chain
from secure_signal.core.detection.correlation import Correlation
from secure_signal.core.detection.entry import Feed, feeds_of, matches_of
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.match import Match, Scalar, window_key
from secure_signal.core.detection.placement import Placement
from secure_signal.core.detection.routing import Candidate, Router
from secure_signal.core.detection.rule import Detection
from secure_signal.core.detection.ruleset import RuleSet
from secure_signal.core.detection.suppression import Suppression
from secure_signal.core.detection.window import Opening
from secure_signal.core.detection.windows import Windows
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
        self._windows = Windows(ruleset.correlations, lateness)
        feeds = feeds_of(ruleset.correlations, self._windows)
        self._router = Router(ruleset, feeds)
        self._chain = Chain(ruleset.correlations, feeds)
        self._placement = Placement(ruleset.correlations)
        self._suppression = Suppression(ruleset.correlations, lateness)
        self._local = {rule.id for rule in ruleset.correlations if rule.is_local}

    @property
    def late(self) -> int:
        """Entries left out of windows because they came later than the lateness allows."""
        return self._windows.late

    @property
    def full(self) -> int:
        """Entries that were dropped from windows, or left out of them, as there were too many."""
        return self._windows.full + self._suppression.full

    @property
    def crowded(self) -> int:
        """Groups that were dropped because there were too many."""
        return self._windows.crowded

    @property
    def suppressed(self) -> int:
        """Anomalies that were not told of, as their rules suppress them for a time after another."""
        return self._suppression.suppressed

    @property
    def watermark(self) -> int:
        """The greatest time of all entries, by which groups end; set it after restoring groups."""
        return self._windows.watermark

    @watermark.setter
    def watermark(self, instant: int) -> None:
        self._windows.watermark = instant

    @property
    def groups(self) -> int:
        """How many groups have a window now."""
        return len(self._windows)

    def is_local(self, correlation: str) -> bool:
        """Whether each group is one user's, so that ``signal-events`` keeps it whole in a partition."""
        return correlation in self._local

    def place(self, match: Match) -> str:
        """Equal for matches, of those that ``process`` leaves to others, which one task has to enter."""
        return self._placement.of(match)

    def candidates(self, event: Event) -> Sequence[Candidate]:
        """The detection rules that are tried with an event."""
        return self._router.candidates(event)

    def judge(self, event: Event, now: int) -> tuple[list[Anomaly], list[Match]]:
        """What plain detection rules find, and the entries for correlations; no state is touched."""
        anomalies: list[Anomaly] = []
        feeds: list[Feed] = []
        for candidate in self._router.candidates(event):
            try:
                if not candidate.holds(event):
                    continue
                if candidate.rule.speaks:
                    anomalies.append(self._found(candidate.rule, event, now))
            except Exception:
                # One rule's failure is counted, and never stops the others.
                self.errors[candidate.rule.id] += 1
                continue
            feeds += (*candidate.alone, *candidate.together)
        return anomalies, self._matches(event, feeds) if feeds else []

    def enter(self, match: Match, position: int, now: int) -> list[Anomaly]:
        """Put one entry into its group's window; the episodes that this opens, there and along its chains.

        ``position`` is where the entry stands in the input; a group skips positions it has seen. An entry
        ahead of ``now`` counts in its own group, and does not end others.
        """
        found = self._enter(match, position, now)
        return found + self._follow(position, now, None) if self._chain.pending else found

    def _enter(self, match: Match, position: int, now: int) -> list[Anomaly]:
        try:
            entered = self._windows.enter(match, position, now)
            if entered is None:
                return []
            rule, openings = entered
            return self._tell(rule, match.group, openings, position, now) if openings else []
        except Exception:
            # Its window may have been left half changed.
            self._windows.drop(match.key)
            self.errors[match.correlation] += 1
            return []

    def _follow(self, position: int, now: int, others: list[Match] | None) -> list[Anomaly]:
        """Enter what was found into the correlations that list it; with ``others`` only the local ones."""
        found: list[Anomaly] = []
        for match in self._chain.entries():
            if others is None or self.is_local(match.correlation):
                found += self._enter(match, position, now)
            else:
                others.append(match)
        return found

    def process(self, event: Event, position: int, now: int) -> tuple[list[Anomaly], list[Match]]:
        """Judge a signal and enter what belongs to its user; the matches that others have to enter."""
        others: list[Match] = []
        return self._observe((event,), position, now, others), others

    def observe(self, event: Event, position: int, now: int) -> list[Anomaly]:
        """Judge a signal and enter what came of it: the whole engine in one call, for one process."""
        return self.observe_all((event,), position, now)

    def observe_all(self, events: Iterable[Event], first_position: int, now: int) -> list[Anomaly]:
        """Observe events that stand one after another in the input."""
        if not self._chain.links:
            return self._observe(events, first_position, now, None)
        # In the order in which several tasks do it.
        found: list[Anomaly] = []
        for position, event in enumerate(events, first_position):
            anomalies, others = self.process(event, position, now)
            found += anomalies
            for match in others:
                found += self.enter(match, position, now)
        return found

    def _observe(
        self, events: Iterable[Event], position: int, now: int, others: list[Match] | None
    ) -> list[Anomaly]:
        """Judge and enter; with ``others``, what is not local is added to them instead.

        What happens at every signal stands in this loop: a call costs as much as many a rule.
        """
        found: list[Anomaly] = []
        routes, pending = self._router.routes, self._chain.pending
        for place, event in enumerate(events, position):
            try:
                route = routes[event.type]
            except KeyError:
                route = self._router.route(event.type)
            together: list[Feed] = []
            candidates = route if isinstance(route, tuple) else route.find(event)
            for rule, holds, alone, shared in candidates:
                try:
                    if not holds(event):
                        continue
                    if rule.speaks:
                        found.append(self._found(rule, event, now))
                except Exception:
                    # One rule's failure is counted, and never stops the others.
                    self.errors[rule.id] += 1
                    continue
                for feed in alone:
                    if others is None or feed.is_local:
                        self._put(feed, event, place, now, found)
                        if pending:
                            found += self._follow(place, now, others)
                    else:
                        others += self._matches(event, [feed])
                together += shared
            for match in self._matches(event, together) if together else ():
                if others is None or self.is_local(match.correlation):
                    found += self._enter(match, place, now)
                    if pending:
                        found += self._follow(place, now, others)
                else:
                    others.append(match)
        return found

    def _put(self, feed: Feed, event: Event, position: int, now: int, found: list[Anomaly]) -> None:
        """Enter a signal where no other rule adds to its entry; the same as ``enter`` of its match."""
        group = None
        try:
            group = feed.group(event)
            if group is None:
                return
            time, user_id = event.timestamp, event.user_id
            openings = feed.enter(group, time, event.id, user_id, feed.detail(event), position, now)
            if openings:
                found += self._tell(feed.correlation, group, openings, position, now)
        except Exception:
            if group is not None:
                # Its window may have been left half changed.
                self._windows.drop(window_key(feed.correlation.id, group))
            self.errors[feed.correlation.id] += 1

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """The groups that changed since the last call: key and state, None for a group that is gone.

        To be read before the next signal. Unread, the changes are forgotten at no cost.
        """
        return chain(self._suppression.changes(), self._windows.changes())

    def restore(self, key: str, state: bytes) -> bool:
        """Put back a group that ``changes`` gave; False when its rule is gone or has another meaning now."""
        if Suppression.has(key):
            return self._suppression.restore(key, state)
        return self._windows.restore(key, state)

    def adopt(self, old: "Engine") -> int:
        """Go on where an engine with other rules was; how many groups are dropped.

        They are those whose rules are gone or mean something else now. The old engine is of no more use.
        """
        self.errors = old.errors
        self._suppression.adopt(old._suppression)
        return self._windows.adopt(old._windows)

    def _tell(
        self,
        rule: Correlation,
        group: tuple[Scalar, ...],
        openings: Iterable[Opening],
        position: int,
        now: int,
    ) -> list[Anomaly]:
        """The anomalies of openings, as far as the rule speaks; those that list it will hear of all."""
        told = []
        for opening in openings:
            name = identity.of_anomaly(rule.id, group, opening.user_id, opening.time, opening.evidence[-1])
            if rule.id in self._chain.links:
                self._chain.add(rule, group, opening, name)
            if rule.speaks and not self._is_suppressed(rule, group, opening, position):
                told.append(self._crossed(rule, group, opening, name, now))
        return told

    def _is_suppressed(
        self, rule: Correlation, group: tuple[Scalar, ...], opening: Opening, position: int
    ) -> bool:
        if not rule.suppress:
            return False
        key = window_key(rule.id, group)
        return self._suppression.silences(rule, key, opening.time, position, self.watermark)

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

    def _found(self, rule: Detection, event: Event, now: int) -> Anomaly:
        return Anomaly(
            id=identity.of_anomaly(rule.id, (), event.user_id, event.timestamp, event.id),
            rule_id=rule.id,
            rule_title=rule.title,
            anomaly_type=rule.anomaly_type,
            severity=rule.level,
            user_id=event.user_id,
            group={},
            event_time=instant.render(event.timestamp),
            detection_timestamp=instant.render(now),
            evidence=[event.id],
            summary=summary.of_detection(rule, event.user_id, event.type),
            ruleset=self.ruleset.hash,
        )

    def _crossed(
        self, rule: Correlation, group: tuple[Scalar, ...], opening: Opening, name: str, now: int
    ) -> Anomaly:
        return Anomaly(
            id=name,
            rule_id=rule.id,
            rule_title=rule.title,
            anomaly_type=rule.anomaly_type,
            severity=rule.level,
            user_id=opening.user_id,
            group=dict(zip(rule.group_by, group, strict=True)),
            event_time=instant.render(opening.time),
            detection_timestamp=instant.render(now),
            evidence=origin.signals_of(opening.evidence),
            summary=summary.of_correlation(rule, group, opening.measure),
            ruleset=self.ruleset.hash,
        )
