"""The cause of an anomaly, or of its absence, for people and for programs."""

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from secure_signal.adapters.stored_signals import StoredSignal
from secure_signal.cli import condition_tree
from secure_signal.cli.inquiry import Absence, Cause
from secure_signal.core.detection.inquiry.sighting import Outcome
from secure_signal.core.detection.inquiry.verdict import Verdict
from secure_signal.core.detection.summary import harmless, short

_WIDTH = 160


def show_json(report: Cause | Absence) -> None:
    """One JSON object on stdout."""
    typer.echo(msgspec.json.encode(report))


def show_cause(cause: Cause) -> None:
    """The anomaly, its condition and its window."""
    console, anomaly = _console(), cause.anomaly
    console.print(Text(f"{anomaly.severity}: {anomaly.summary}", style="bold"), soft_wrap=True)
    console.print(
        Text(f"at {anomaly.event_time}, found {anomaly.detection_timestamp}, rule {anomaly.rule_id}")
    )
    _print(console, cause.notes)
    if cause.verdict is None:
        for signal in cause.evidence:
            console.print(condition_tree.of_stored(signal), soft_wrap=True)
    else:
        _show(console, cause.verdict, f"The last signal, {cause.anomaly.evidence[-1]}:", cause.within)


def show_absence(absence: Absence) -> None:
    """The signal, and each rule's verdict on it."""
    console, signal = _console(), absence.signal
    at = f"{signal.timestamp:%Y-%m-%d %H:%M:%S.%f}"
    console.print(Text(f"{signal.type} of {short(signal.user_id)} at {at}", style="bold"))
    _print(console, absence.notes)
    for told in absence.verdicts:
        console.print(
            Text(f"{short(told.rule_title)}: {harmless(told.verdict.text)}", style="bold"), soft_wrap=True
        )
        _print(console, told.notes)
        _show(console, told.verdict, "The signal:", told.within)


def _console() -> Console:
    """As wide as the terminal; in a file or a pipe as wide as trees are."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def _show(console: Console, verdict: Verdict, head: str, within: list[StoredSignal]) -> None:
    """What a correlation's rules say that do not look at the signal matters only where none matched."""
    matched = [each for each in verdict.sightings if each.outcome is Outcome.MATCHED]
    console.print(Text(head))
    for sighting in matched or verdict.sightings:
        console.print(condition_tree.of_sighting(sighting))
    if verdict.window is not None:
        console.print(Text("The window:"))
        console.print(condition_tree.of_window(verdict.window, within))


def _print(console: Console, notes: list[str]) -> None:
    for note in notes:
        console.print(Text(f"• {harmless(note)}"), soft_wrap=True)
