"""What there is to know of an anomaly, or of its absence, in what is stored."""

from collections.abc import Iterable, Iterator, Sequence
from functools import partial

import msgspec
import psycopg

from secure_signal.adapters import history, rule_coverage, settings, topics
from secure_signal.adapters.stored_signals import StoredSignal
from secure_signal.cli import moment
from secure_signal.core import instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.inquiry import circumstance, verdict
from secure_signal.core.detection.inquiry.verdict import Verdict
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.errors import RetryError
from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal

# What was stored less than this ago may still be on its way to an anomaly.
_SETTLE = 15 * SECOND
# Of an anomaly that is counted, so many signals are shown.
_MAX_WITHIN = 10
# A signal arrived at most this long before it was stored, in ordinary times.
_STORING = 10 * SECOND


class Cause(msgspec.Struct):
    """Why there is an anomaly: the verdict on the signal that completed it (None: it cannot be told).

    ``within`` are the signals of what other correlations found, where the rule counts that.
    """

    anomaly: Anomaly
    ruleset: str
    notes: list[str]
    verdict: Verdict | None
    evidence: list[StoredSignal]
    within: list[StoredSignal] = []


class RuleVerdict(msgspec.Struct):
    """The verdict of one rule, and the circumstances of the time when the signal came."""

    rule_id: str
    rule_title: str
    verdict: Verdict
    notes: list[str]
    within: list[StoredSignal] = []


class Absence(msgspec.Struct):
    """Why rules found nothing at a signal, or that they did."""

    signal: StoredSignal
    ruleset: str
    notes: list[str]
    verdicts: list[RuleVerdict]


def cause(connection: psycopg.Connection, ruleset: RuleSet, anomaly: Anomaly) -> Cause:
    """Judge an anomaly's signals again; RetryError where PostgreSQL does not answer."""
    evidence = history.signals_near(connection, anomaly.evidence, anomaly.event_time)
    found = Cause(anomaly, ruleset.hash, _changes(ruleset, anomaly), None, evidence)
    rule = next((rule for rule in ruleset.rules if rule.id == anomaly.rule_id), None)
    if rule is None:
        found.notes.append(f"Its rule {anomaly.rule_id} is not among those that are loaded.")
        return found
    past = partial(history.events, connection)
    at = instant.parse(anomaly.event_time)
    told = [
        one
        for event in list(past(at, at + 1, anomaly.user_id))
        if event.id == anomaly.evidence[-1]
        for one in verdict.of(ruleset, rule, event, past, moment.now())
    ]
    same = [one for one in told if one.anomaly is not None and one.anomaly.id == anomaly.id]
    found.verdict = next(iter(same or told), None)
    if not same:
        found.notes.append(
            "Judged again in the order of their times, the stored signals do not lead to this anomaly: some "
            "came late, or are gone, or the rule is another."
        )
        found.notes += [one.text for one in told[:1]]
    found.within = _within(connection, found.verdict)
    return found


def absence(
    connection: psycopg.Connection,
    ruleset: RuleSet,
    rules: Iterable[Detection | Correlation],
    signals: Sequence[StoredSignal],
) -> Absence:
    """Judge the first of the signals, which have one id, by rules; RetryError likewise."""
    stored = signals[0]
    notes = [f"{len(signals)} signals have this id; this is the newest."] if len(signals) > 1 else []
    told = Absence(stored, ruleset.hash, notes, [])
    past = partial(history.events, connection)
    for rule in rules:
        for one in verdict.of(ruleset, rule, _event(stored), past, moment.now()):
            around = list(_circumstances(connection, rule, one, stored))
            within = _within(connection, one)
            told.verdicts.append(RuleVerdict(rule.id, rule.title, one, around, within))
    return told


def _within(connection: psycopg.Connection, one: Verdict | None) -> list[StoredSignal]:
    """The newest signals of each anomaly in a window."""
    window = one.window if one is not None else None
    if window is None:
        return []
    inner = [each.found for each in window.signals if each.found is not None]
    ids = [name for found in inner for name in found.evidence[-_MAX_WITHIN:]]
    return history.signals_near(connection, ids, window.until)


def _changes(ruleset: RuleSet, anomaly: Anomaly) -> list[str]:
    if ruleset.hash == anomaly.ruleset:
        return []
    return [f"The rules have changed since: {anomaly.ruleset} found it, {ruleset.hash} is loaded."]


def _circumstances(
    connection: psycopg.Connection, rule: Detection | Correlation, one: Verdict, stored: StoredSignal
) -> Iterator[str]:
    """Whether what should be stored is, and if not, what may have been in the way."""
    told = [each.id for each in history.anomalies_at(connection, rule.id, stored)]
    due = one.anomaly.id if one.anomaly is not None else None
    for other in (each for each in told if each != due):
        yield (
            "Live, the rule told of it at this signal, as signals came in another order than that of their "
            f"times: secure-signal why {other}"
        )
    if due is None:
        return
    if due in told or history.anomaly(connection, due) is not None:
        yield f"It is stored: secure-signal why {due}"
        return
    yield f"That anomaly ({due}) is not stored."
    received = instant.from_datetime(stored.received_at)
    environment = settings.read()
    others = _others(connection, one, stored)
    yield from circumstance.of_arrival(rule, *_times(stored), environment.allowed_lateness)
    yield from circumstance.of_others(map(_times, others), environment.allowed_lateness)
    if moment.now() - received < _SETTLE:
        yield "The signal was stored only seconds ago: the anomaly may be on its way."
    since = min(arrived for _, arrived in map(_times, (stored, *others))) - _STORING
    try:
        coverage = rule_coverage.read(environment.kafka_bootstrap_servers)
    except RetryError as error:
        yield f"Which rules were on when it arrived cannot be told now: {error}"
    else:
        presence = coverage.was_on_between(rule.id, topics.SIGNALS, since, received)
        yield from circumstance.of_presence(rule, presence)


def _others(connection: psycopg.Connection, one: Verdict, stored: StoredSignal) -> list[StoredSignal]:
    """The other signals in the window, of the newest."""
    if one.window is None:
        return []
    ids = [each.id for each in one.window.signals if each.id != stored.id]
    return history.signals_near(connection, ids, one.window.until)


def _times(stored: StoredSignal) -> tuple[int, int]:
    return instant.from_datetime(stored.timestamp), instant.from_datetime(stored.received_at)


def _event(stored: StoredSignal) -> Event:
    at = instant.from_datetime(stored.timestamp)
    return Event.of(Signal(stored.id, stored.user_id, stored.type, at, bytes(stored.payload)))
