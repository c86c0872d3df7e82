"""The correlator: entries in, anomalies out, by windows, chains and suppression."""

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain

from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import finding
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing.chain import Chain
from secure_signal.core.detection.windowing.entry import Feed, feeds_of
from secure_signal.core.detection.windowing.match import Match, Scalar, window_key
from secure_signal.core.detection.windowing.suppression import Suppression
from secure_signal.core.detection.windowing.window import Opening
from secure_signal.core.detection.windowing.windows import Windows


class Correlator:
    """The state of all correlations of a rule set.

    ``feeds`` has those of each rule, by its id. Where an entry opens an episode of a correlation that
    others list, they are entered too: ``others`` takes what is not local of that, None enters it here.
    """

    def __init__(self, ruleset: RuleSet, lateness: int, errors: Counter[str]) -> None:
        self.windows = Windows(ruleset.correlations, lateness)
        self.suppression = Suppression(ruleset.correlations, lateness)
        self.feeds = feeds_of(ruleset.correlations, self.windows)
        self._chain = Chain(ruleset.correlations, self.feeds)
        self._local = {rule.id for rule in ruleset.correlations if rule.is_local}
        self._ruleset = ruleset.hash
        self._errors = errors

    def is_local(self, correlation: str) -> bool:
        """Whether each group is one user's."""
        return correlation in self._local

    def put(
        self, feed: Feed, event: Event, position: int, now: int, others: list[Match] | None
    ) -> list[Anomaly]:
        """Enter a signal where no other rule adds to its entry; the same as ``enter`` of its match."""
        correlation, _, _, group_of, _, detail_of, enter = feed
        group = None
        try:
            group = group_of(event)
            if group is None:
                return []
            time, user_id = event.timestamp, event.user_id
            openings = enter(group, time, event.id, user_id, detail_of(event), position, now)
            if not openings:
                return []
            found = self._tell(correlation, group, openings, position, now)
        except Exception:
            if group is not None:
                # Its window may have been left half changed.
                self.windows.drop(window_key(correlation.id, group))
            self._errors[correlation.id] += 1
            return []
        return found + self._follow(feed.is_local, position, now, others) if self._chain.pending else found

    def enter(
        self, match: Match, position: int, now: int, others: list[Match] | None = None
    ) -> list[Anomaly]:
        """Put one entry into its group's window; the episodes that this opens, there and along its chains."""
        found = self._enter(match, position, now)
        if not self._chain.pending:
            return found
        return found + self._follow(self.is_local(match.correlation), position, now, others)

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What changed since the last call, as key and state; None for what is gone."""
        return chain(self.suppression.changes(), self.windows.changes())

    def restore(self, key: str, state: bytes) -> bool:
        """Put back what ``changes`` gave; False when its rule is gone or has another meaning now."""
        if Suppression.has(key):
            return self.suppression.restore(key, state)
        return self.windows.restore(key, state)

    def adopt(self, old: "Correlator") -> int:
        """Go on where another was; how many groups are dropped."""
        self.suppression.adopt(old.suppression)
        return self.windows.adopt(old.windows)

    def _enter(self, match: Match, position: int, now: int) -> list[Anomaly]:
        try:
            entered = self.windows.enter(match, position, now)
            if entered is None:
                return []
            rule, openings = entered
            return self._tell(rule, match.group, openings, position, now) if openings else []
        except Exception:
            # Its window may have been left half changed.
            self.windows.drop(match.key)
            self._errors[match.correlation] += 1
            return []

    def _follow(self, is_local: bool, position: int, now: int, others: list[Match] | None) -> list[Anomaly]:
        """Enter what an entry, local or not, has found into the correlations that list it, and so on."""
        # First what is local, here as where the others are entered elsewhere.
        elsewhere: list[Match] = [] if others is None else others
        found: list[Anomaly] = []
        for match in self._chain.entries():
            if not is_local or self.is_local(match.correlation):
                found += self._enter(match, position, now)
            else:
                elsewhere.append(match)
        for match in elsewhere if others is None else ():
            found += self.enter(match, position, now)
        return found

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
            name = finding.name_of(rule, group, opening)
            if rule.id in self._chain.links:
                self._chain.add(rule, group, opening, name)
            if rule.speaks and not self._is_suppressed(rule, group, opening, position):
                told.append(finding.of_opening(rule, group, opening, name, now, self._ruleset))
        return told

    def _is_suppressed(
        self, rule: Correlation, group: tuple[Scalar, ...], opening: Opening, position: int
    ) -> bool:
        if not rule.suppress:
            return False
        key = window_key(rule.id, group)
        return self.suppression.silences(rule, key, opening.time, position, self.windows.watermark)
