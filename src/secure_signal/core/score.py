"""How well attacks were found: anomalies compared with the labels of made traffic.

An anomaly is *true* when its evidence has a signal of an attack and its type is the attack's kind, or
one that such an attack also is (``ALSO``). Any other anomaly is a false alarm. What is told of an attack
under one type counts once, however often it is told. An attack is *found* when a true anomaly has its
own kind.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

import msgspec

from secure_signal.core.instant import LAST, SECOND
from secure_signal.core.traffic.label import Label

# Whoever signs in as somebody else may do so from far away, and a door that was forced may open.
_FROM_AFAR = frozenset({"impossible_travel"})
ALSO: dict[str, frozenset[str]] = {
    "brute_force": _FROM_AFAR | {"password_guessed"},
    "credential_stuffing": _FROM_AFAR,
    "dormant_account": _FROM_AFAR,
    "mfa_fatigue": _FROM_AFAR | {"worn_down"},
    "new_device_payout": _FROM_AFAR,
    "recovery_hijack": _FROM_AFAR,
}


# Of the attacks, as many as may be left out of a score that is to be trusted.
_MAX_LEFT_OUT = 0.2


class Finding(NamedTuple):
    """An anomaly as far as it counts here; both times in microseconds."""

    anomaly_type: str
    event_time: int
    detection_time: int
    evidence: Sequence[str]


class Delay(msgspec.Struct, frozen=True):
    """Seconds until an anomaly was told, over all found attacks."""

    median: float
    p95: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One kind, or all of them; precision and recall are None where there is nothing to divide by.

    ``left_out`` are attacks that stopped in the midst: nobody can tell whether they would be found.
    ``since_first`` counts from an attack's first signal, ``since_completing`` from the one at which the
    rule was fulfilled.
    """

    kind: str
    attacks: int
    found: int
    true_alarms: int
    false_alarms: int
    left_out: int
    recall: float | None
    precision: float | None
    since_first: Delay | None
    since_completing: Delay | None


class Score(msgspec.Struct, frozen=True):
    """All kinds together, and each."""

    total: Row
    kinds: list[Row]

    def reaches(self, precision: float, recall: float) -> bool:
        """Whether the totals are at least so good; any recall asks for each kind to be found once.

        Where more than a fifth of the attacks are left out, the others prove nothing.
        """
        total = self.total
        if (precision or recall) and total.left_out > _MAX_LEFT_OUT * (total.attacks + total.left_out):
            return False
        if recall and not all(row.found for row in self.kinds if row.attacks or row.left_out):
            return False
        return (total.precision or 0) >= precision and (total.recall or 0) >= recall


def score(
    labels: Sequence[Label],
    findings: Iterable[Finding],
    since: int = 0,
    until: int = LAST,
    missing: Collection[str] = (),
) -> Score:
    """Compare what was found with what there was, in the closed interval from ``since`` to ``until``.

    Attacks that are not wholly inside it do not count, and neither does what was found of them; nor do
    those that stopped in the midst, judged by ``missing``: the ids of the signals that did not arrive.
    """
    inside = [label for label in labels if since <= label.start and label.end <= until]
    counted = {label.id for label in inside if not _stopped(label, missing)}
    attack_of = {signal_id: label for label in labels for signal_id in label.signal_ids}
    caught: dict[tuple[str, str], Finding] = {}
    alarms: list[tuple[str, bool]] = []
    for finding in sorted(findings, key=lambda f: f.detection_time):
        told = {(attack.id, finding.anomaly_type) for attack in _fitting(finding, attack_of)}
        ids = {id_ for id_, _ in told}
        is_new = not told or not told <= caught.keys()
        if is_new and ids <= counted and (ids or since <= finding.event_time <= until):
            alarms.append((finding.anomaly_type, bool(ids)))
        for each in told:
            caught.setdefault(each, finding)
    kinds = sorted({label.kind for label in inside} | {kind for kind, _ in alarms})
    rows = [
        _row(
            kind,
            [attack for attack in inside if attack.kind == kind],
            counted,
            caught,
            [true for type_, true in alarms if type_ == kind],
        )
        for kind in kinds
    ]
    return Score(_row("all", inside, counted, caught, [true for _, true in alarms]), rows)


def _stopped(attack: Label, missing: Collection[str]) -> bool:
    """Whether its first signals arrived and none after them, as when its sender is stopped.

    With a signal lost between others, or all of them, an attack counts: it is the pipeline that lost them.
    """
    there = [id_ not in missing for id_ in attack.signal_ids]
    return any(there) and not all(there) and there == sorted(there, reverse=True)


def _fitting(finding: Finding, attack_of: Mapping[str, Label]) -> list[Label]:
    """The attacks that this finding is true of."""
    attacks = {attack.id: attack for id_ in finding.evidence if (attack := attack_of.get(id_))}
    kind = finding.anomaly_type
    return [attack for attack in attacks.values() if kind == attack.kind or kind in ALSO.get(attack.kind, ())]


def _row(
    kind: str,
    inside: list[Label],
    counted: set[str],
    caught: Mapping[tuple[str, str], Finding],
    alarms: list[bool],
) -> Row:
    attacks = [attack for attack in inside if attack.id in counted]
    found = [(attack, first) for attack in attacks if (first := caught.get((attack.id, attack.kind)))]
    return Row(
        kind=kind,
        attacks=len(attacks),
        found=len(found),
        true_alarms=sum(alarms),
        false_alarms=len(alarms) - sum(alarms),
        left_out=len(inside) - len(attacks),
        recall=len(found) / len(attacks) if attacks else None,
        precision=sum(alarms) / len(alarms) if alarms else None,
        since_first=_delay([first.detection_time - attack.start for attack, first in found]),
        since_completing=_delay([first.detection_time - first.event_time for _, first in found]),
    )


def _delay(microseconds: list[int]) -> Delay | None:
    """Median and 95th percentile (nearest rank)."""
    if not microseconds:
        return None
    rank = math.ceil(0.95 * len(microseconds)) - 1
    return Delay(median(microseconds) / SECOND, sorted(microseconds)[rank] / SECOND)
