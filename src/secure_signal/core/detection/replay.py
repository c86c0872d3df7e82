"""A group's signals once more through the engine, as far as one of them, to see what its window held then."""

from collections.abc import Iterable
from dataclasses import dataclass

from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import metric, sighting
from secure_signal.core.detection.correlation import Correlation, Measure
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.match import Match
from secure_signal.core.detection.ruleset import RuleSet


@dataclass(frozen=True)
class Entry:
    """A signal in the window, and what it counts for."""

    event: Event
    match: Match


@dataclass(frozen=True)
class Replay:
    """A correlation's window of one group, at its last entry.

    ``entries`` are those in the window, the last one included; ``measure`` is what the correlation measures
    over them, ``holds`` and ``held`` whether its condition is true with and without the last one.
    ``anomalies`` are all of the group that are sure; ``opened``: the last entry made the last of them.
    """

    entries: tuple[Entry, ...]
    measure: Measure
    holds: bool
    held: bool
    anomalies: tuple[Anomaly, ...]
    opened: bool


def entries_of(ruleset: RuleSet, rule: Correlation, event: Event, now: int) -> list[Match]:
    """The entries that a signal makes into groups of a correlation."""
    _, matches = _engine(ruleset, rule).judge(event, now)
    return [match for match in matches if match.correlation == rule.id]


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
    engine = _engine(ruleset, rule)
    entries: list[Entry] = []
    anomalies: list[Anomaly] = []
    for position, event in enumerate(events):
        for match in engine.judge(event, now)[1]:
            if match.correlation == rule.id and match.key == key:
                entries.append(Entry(event, match))
                anomalies += engine.enter(match, position, now)
        if _is_same(event, last):
            break
    if not entries or not _is_same(entries[-1].event, last):
        return None
    return _at_last(rule, entries, [a for a in anomalies if instant.parse(a.event_time) >= sure])


def _engine(ruleset: RuleSet, rule: Correlation) -> Engine:
    """The same engine with nothing in it but the rule and its parts."""
    return Engine(RuleSet(sighting.parts(rule, ruleset), ruleset.logsources))


def _at_last(rule: Correlation, entries: list[Entry], anomalies: list[Anomaly]) -> Replay:
    last = entries[-1]
    window = _window(rule, entries)
    measure = _measure(rule, window)
    condition = rule.condition()
    before = entries[-2:-1] and last.event.timestamp - entries[-2].event.timestamp <= rule.timespan
    opened = bool(anomalies) and (
        anomalies[-1].evidence[-1] == last.event.id
        and instant.parse(anomalies[-1].event_time) == last.event.timestamp
    )
    return Replay(
        entries=tuple(window),
        measure=measure,
        holds=condition(measure),
        held=bool(before) and condition(_measure(rule, _window(rule, entries[:-1]))),
        anomalies=tuple(anomalies),
        opened=opened,
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
