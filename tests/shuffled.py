"""What the live engine tells of signals out of order, held against the correlation oracle.

Each episode must have been told at one of its own signals. Whatever was told beside that must have been right
by what had come then: that signal began an episode, and none of its signals had been told.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from secure_signal.core.anomaly import Anomaly


class Told(NamedTuple):
    """An anomaly: its rule, group and completing signal, and how many signals had come."""

    rule: str
    group: tuple[Any, ...]
    line: int
    arrived: int


Episodes = dict[tuple[tuple[Any, ...], int], int]
"""By group and line of a signal at which a condition holds: the line of that which begins the episode."""


def told(found: Sequence[tuple[int, Anomaly]]) -> list[Told]:
    """Anomalies with the number of signals that had come; one that is found again was told before."""
    first = {each.id: (arrived, each) for arrived, each in reversed(found)}
    return [
        Told(each.rule_id, tuple(each.group.values()), _line(each.evidence[-1]), arrived)
        for arrived, each in sorted(first.values(), key=lambda one: one[0])
    ]


def _line(signal_id: str) -> int:
    return int(signal_id.removeprefix("line-"))


def problems(
    oracle: Any, rules: Path, signals: Sequence[dict[str, Any]], arrived: Sequence[str], found: Sequence[Told]
) -> Iterator[str]:
    """What is wrong. ``signals`` stand as in the file; ``arrived`` are their ids as they came."""
    bases, correlations = oracle.load_rules(str(rules))
    events = [oracle.N.Event(each) for each in signals]
    matched = oracle.match_bases(bases, signals, events, oracle.N.Logsources(oracle.LOGSOURCES))

    def episodes(rule: Any, count: int) -> Episodes:
        come = {_line(each) for each in arrived[:count]}
        return _episodes(
            rule.evaluate(signals, events, {base: hits & come for base, hits in matched.items()})
        )

    for rule in correlations:
        whole, of_rule = episodes(rule, len(arrived)), [each for each in found if each.rule == rule.id]
        own = {(each.group, whole.get((each.group, each.line))) for each in of_rule}
        for group, start in {(group, start) for (group, _), start in whole.items()} - own:
            yield f"{rule.kind} {rule.id}: of {group} nothing is told of the episode from line {start} on"
        for number, each in enumerate(of_rule):
            then = episodes(rule, each.arrived)
            before = {
                then.get((other.group, other.line)) for other in of_rule[:number] if other.group == each.group
            }
            if then.get((each.group, each.line)) != each.line or each.line in before:
                yield f"{rule.kind} {rule.id}: of {each.group} line {each.line} is told for nothing"


def _episodes(rows: Sequence[tuple[int, tuple[Any, ...], Any, bool, dict[str, bool]]]) -> Episodes:
    begun: dict[tuple[Any, ...], int] = {}
    episodes: Episodes = {}
    for line, group, _, holds, crossing in rows:
        if crossing["episode"]:
            begun[group] = line
        if holds:
            episodes[group, line] = begun[group]
    return episodes
