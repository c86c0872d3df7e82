"""Conditions, windows and signals as trees for people."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from rich.text import Text
from rich.tree import Tree

from secure_signal.adapters.stored_signals import StoredSignal
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection.inquiry.account import Account, Counted
from secure_signal.core.detection.inquiry.explanation import Explained
from secure_signal.core.detection.inquiry.sighting import Sighting
from secure_signal.core.detection.summary import harmless, short

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "yellow")}
# Of many parts or signals a person reads the first ones.
_MAX_PARTS = 12
_MAX_SIGNALS = 10


def of_sighting(sighting: Sighting) -> Tree:
    """A rule's sighting of a signal, with its condition below."""
    tree = Tree(Text(f"{short(sighting.rule_title)}: {harmless(sighting.reason)}"))
    if sighting.condition is not None:
        _grow(tree, sighting.condition)
    return tree


def of_window(window: Account, within: Iterable[StoredSignal]) -> Tree:
    """A window with the newest of its signals; ``within`` are those of anomalies that stand in it."""
    stored = {signal.id: signal for signal in within}
    who = ", ".join(f"{name} {short(str(value))}" for name, value in window.group.items()) or "all signals"
    measured = "nothing to measure" if window.metric is None else f"{window.metric:,}"
    head = f"{who}, {_clock(window.since)} to {_clock(window.until)}: {measured}, wanted {window.wanted}"
    tree = Tree(_marked(window.holds, head))
    if len(window.rules) > 1:
        for title, times in window.rules.items():
            tree.add(_marked(times > 0, f"{short(title)}: {times:,} ×"))
    older = window.size - _MAX_SIGNALS
    if older > 0:
        tree.add(Text(f"… {older:,} older", style="dim"))
    for counted in window.signals[-_MAX_SIGNALS:]:
        branch = tree.add(_signal(counted, with_rules=len(window.rules) > 1))
        if counted.found is not None:
            _add_finding(branch, counted.found, stored)
    return tree


def _grow(tree: Tree, explained: Explained) -> None:
    """Add a part and what is in it; of very many those that decided."""
    branch = tree.add(_marked(explained.held, _said(explained)))
    parts = list(explained.parts)
    if len(parts) > _MAX_PARTS:
        parts.sort(key=lambda part: part.held is not explained.held)
    for part in parts[:_MAX_PARTS]:
        _grow(branch, part)
    if len(parts) > _MAX_PARTS:
        branch.add(Text(f"… and {len(parts) - _MAX_PARTS} more", style="dim"))


def _said(explained: Explained) -> str:
    match explained.kind:
        case "field":
            return f"{short(explained.field)} {short(explained.wanted)}: {value(explained.actual)}"
        case "keyword":
            where = ", ".join(map(value, explained.actual)) or "nowhere"
            return f"any value {short(explained.wanted)}: {where}"
        case kind:
            return kind


def _signal(counted: Counted, with_rules: bool) -> Text:
    told = [f"{name}={value(each)}" for name, each in counted.fields.items()]
    told += [f"→ {value(each)}" for each in counted.values]
    rules = f"  {', '.join(map(short, counted.rules))}" if with_rules else ""
    who = f"{short(counted.user_id)}  {short(counted.type)}"
    return Text(f"{_clock(counted.timestamp)}  {who}{rules}  {' '.join(told)}")


def _add_finding(tree: Tree, found: Anomaly, stored: Mapping[str, StoredSignal]) -> None:
    """What a correlation that is counted found at a signal, with the newest signals of its window."""
    branch = tree.add(Text(harmless(found.summary)))
    older = len(found.evidence) - _MAX_SIGNALS
    if older > 0:
        branch.add(Text(f"… {older:,} older", style="dim"))
    for name in found.evidence[-_MAX_SIGNALS:]:
        branch.add(of_stored(stored[name]) if name in stored else Text(short(name)))


def of_stored(signal: StoredSignal) -> Text:
    """A signal as it is stored."""
    at, payload = f"{signal.timestamp:%Y-%m-%d %H:%M:%S.%f}"[:-3], bytes(signal.payload).decode()
    who = f"{short(signal.user_id)}  {short(signal.type)}"
    return Text(f"{at}  {who}  {short(signal.id)}  {short(payload)}")


def _marked(held: bool | None, text: str) -> Text:
    mark, style = _MARKS[held]
    return Text.assemble((f"{mark} ", style), text)


def value(actual: Any) -> str:
    """A value of a signal as JSON, cut; nothing in it steers the terminal."""
    return "missing" if actual is None else short(msgspec.json.encode(actual).decode())


def _clock(moment: str) -> str:
    """An instant without its zone, to the millisecond."""
    return moment[:23].replace("T", " ")
