"""A group's signals once more through the engine, as far as one of them, to see what its window held then."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from msgspec import structs

from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.correlator import Correlator
from secure_signal.core.detection.engine import LATENESS, Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry import sighting
from secure_signal.core.detection.rules.correlation import Correlation, Measure
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing import metric, origin
from secure_signal.core.detection.windowing.match import Match


@dataclass(frozen=True)
class Entry:
    """What a signal puts into the window: itself, or what a correlation that is listed found at it."""

    event: Event
    match: Match
    found: Anomaly | None


@dataclass(frozen=True)
class Replay:
    """A correlation's window of one group, at its last entry.

    ``entries`` are those in the window, the last one included; ``measure`` is what the correlation measures
    over them, ``holds`` and ``held`` whether its condition is true with and without the last one.
    ``anomalies`` are all of the group that are sure; ``opened``: the last entry made the last of them.
    ``began`` is when the last sure episode opened (microseconds), told or suppressed; None without one.
    """

    entries: tuple[Entry, ...]
    measure: Measure
    holds: bool
    held: bool
    anomalies: tuple[Anomaly, ...]
    opened: bool
    began: int | None


class _Listener(Correlator):
    """Correlates as the engine does, and hears what would enter one of the correlations in its stead."""

    def __init__(self, ruleset: RuleSet, heard: Correlation) -> None:
        super().__init__(ruleset, LATENESS, Counter())
        self.entries: list[Match] = []
        self._heard = heard.id

    def _enter(self, match: Match, position: int, now: int) -> list[Anomaly]:
        if match.correlation != self._heard:
            return super()._enter(match, position, now)
        self.entries.append(match)
        return []


class _Source:
    """The entries that signals, in event-time order, make into groups of a correlation.

    What it lists finds all it can here: whether that is told or suppressed is no matter to it.
    """

    def __init__(self, ruleset: RuleSet, rule: Correlation) -> None:
        self.parts = [_loud(each) for each in sighting.parts(rule, ruleset) if each.id != rule.id]
        whole = RuleSet([*self.parts, rule], ruleset.logsources)
        self._judge = Engine(whole).judge
        self._listener = _Listener(whole, rule)

    def entries(self, event: Event, position: int, now: int) -> list[Entry]:
        """Those of the next signal, of all groups."""
        _, matches = self._judge(event, now)
        found = {each.id: each for match in matches for each in self._listener.enter(match, position, now)}
        heard, self._listener.entries = self._listener.entries, []
        return [Entry(event, match, found.get(origin.finding_of(match.signal_id))) for match in heard]


def _loud(rule: Detection | Correlation) -> Detection | Correlation:
    return replace(rule, speaks=True, suppress=0) if isinstance(rule, Correlation) else rule


def entries_of(
    ruleset: RuleSet, rule: Correlation, events: Iterable[Event], last: Event, now: int
) -> list[Match]:
    """The entries that the last of some signals, in event-time order, makes into groups of a correlation."""
    source = _Source(ruleset, rule)
    for position, event in enumerate(events):
        entries = source.entries(event, position, now)
        if _is_same(event, last):
            return [entry.match for entry in entries]
    return []


def run(
    ruleset: RuleSet,
    rule: Correlation,
    key: str,
    events: Iterable[Event],
    last: Event,
    now: int,
    sure: int,
) -> Replay | None:
    """Replay signals in event-time order into the group of this key (``Match.key``), up to ``last``.

    Anomalies from the instant ``sure`` on are sure: what came before the first signal cannot matter there.
    None where the last one makes no entry into it.
    """
    source = _Source(ruleset, rule)
    windows = Engine(RuleSet([*source.parts, replace(rule, speaks=True)], ruleset.logsources))
    episodes = Engine(RuleSet([*source.parts, _loud(rule)], ruleset.logsources)) if rule.suppress else windows
    entries: list[Entry] = []
    anomalies: list[Anomaly] = []
    openings: list[Anomaly] = []
    for position, event in enumerate(events):
        for entry in source.entries(event, position, now):
            if entry.match.key == key:
                entries.append(entry)
                found = windows.enter(entry.match, position, now)
                anomalies += found
                openings += found if episodes is windows else episodes.enter(entry.match, position, now)
        if _is_same(event, last):
            break
    if not entries or not _is_same(entries[-1].event, last):
        return None
    told = [structs.replace(each, ruleset=ruleset.hash) for each in anomalies if _time(each) >= sure]
    began = max((_time(each) for each in openings if _time(each) >= sure), default=None)
    return _at_last(rule, entries, told, began)


def _time(anomaly: Anomaly) -> int:
    return instant.parse(anomaly.event_time)


def _at_last(rule: Correlation, entries: list[Entry], anomalies: list[Anomaly], began: int | None) -> Replay:
    last = entries[-1]
    window = _window(rule, entries)
    measure = _measure(rule, window)
    condition = rule.condition()
    before = entries[-2:-1] and last.event.timestamp - entries[-2].event.timestamp <= rule.timespan
    opened = bool(anomalies) and (
        anomalies[-1].evidence[-1] == last.event.id and _time(anomalies[-1]) == last.event.timestamp
    )
    return Replay(
        entries=tuple(window),
        measure=measure,
        holds=condition(measure),
        held=bool(before) and condition(_measure(rule, _window(rule, entries[:-1]))),
        anomalies=tuple(anomalies),
        opened=opened,
        began=began,
    )


def _window(rule: Correlation, entries: list[Entry]) -> list[Entry]:
    start = entries[-1].event.timestamp - rule.timespan
    return [entry for entry in entries if entry.event.timestamp >= start]


def _measure(rule: Correlation, entries: list[Entry]) -> Measure:
    measured = metric.of(rule)
    for entry in entries:
        measured.add(entry.match.time, metric.detail_of(entry.match, rule.kind))
    return measured.measure()


def _is_same(event: Event, other: Event) -> bool:
    return (event.timestamp, event.id) == (other.timestamp, other.id)
