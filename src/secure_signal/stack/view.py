"""What a person sees while the stack runs: a picture that renews itself, or plain lines."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from secure_signal.adapters.settings import Settings
from secure_signal.stack import invocation
from secure_signal.stack.folder import DataFolder
from secure_signal.stack.part import Part
from secure_signal.stack.ports import HOST, Ports
from secure_signal.stack.terminal import harmless
from secure_signal.stack.watch import Found, Scene

_COLOURS = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "informational": "dim"}
_LINE_EVERY_SECONDS = 10.0


class View(Protocol):
    """Shows moments."""

    def show(self, scene: Scene, parts: Iterable[Part]) -> None:
        """The present moment."""


@contextmanager
def opened(console: Console, folder: DataFolder, ports: Ports) -> Iterator[View]:
    """A picture on a terminal, plain lines elsewhere."""
    if console.is_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield Picture(live, folder, ports)
    else:
        yield Lines(console)


class Picture:
    """The lower end of a terminal."""

    def __init__(self, live: Live, folder: DataFolder, ports: Ports) -> None:
        self._live = live
        logs = (invocation.of(folder, "logs"), "bold")
        stop = ("Ctrl-C", "bold")
        self._foot = Text.assemble(places(folder, ports), "\nLogs ", logs, "   Stop ", stop)
        self._shown = 0.0

    def show(self, scene: Scene, parts: Iterable[Part]) -> None:
        """Draw, twice a second at most."""
        if time.monotonic() - self._shown < 0.5:
            return
        self._shown = time.monotonic()
        picture = (_parts(parts), "", _numbers(scene), "", _anomalies(scene.anomalies), "")
        self._live.update(Group(*picture, self._foot), refresh=True)


class Lines:
    """A line of numbers now and then, and one for each anomaly."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_line = 0.0
        self._told: set[Found] = set()

    def show(self, scene: Scene, parts: Iterable[Part]) -> None:
        """Print what is new."""
        for found in reversed(scene.anomalies):
            if found not in self._told:
                self._console.print(Text(f"anomaly: {_sentence(found)}"), soft_wrap=True)
        self._told = set(scene.anomalies)
        if time.monotonic() >= self._next_line:
            self._next_line = time.monotonic() + _LINE_EVERY_SECONDS
            waiting = [p.name for p in parts if p.ready_since is None]
            tail = f"; not ready: {', '.join(waiting)}" if waiting else ""
            self._console.print(Text(f"{_summary(scene)}{tail}"), soft_wrap=True)


def tell_doors(console: Console, settings: Settings) -> None:
    """Say it when whoever is on this machine may come in."""
    if settings.api_keys == "off":
        console.print("API keys are off: everything listens on the loopback address alone.", soft_wrap=True)


def places(folder: DataFolder, ports: Ports) -> Text:
    """Where to look."""
    return Text.assemble(
        "Page ",
        (f"http://{HOST}:{ports.dashboard}/", "bold"),
        "   API ",
        (f"http://{HOST}:{ports.emitter}/docs", "bold"),
        "\nOther programs find Kafka and PostgreSQL after ",
        (f'eval "$({invocation.of(folder, "env")})"', "bold"),
    )


def _parts(parts: Iterable[Part]) -> RenderableType:
    text = Text("  ")
    for part in parts:
        up = part.ready_since is not None
        text.append("● " if up else "○ ", style="green" if up else "yellow")
        text.append(f"{part.name}   ", style="" if up else "yellow")
    return text


def _numbers(scene: Scene) -> RenderableType:
    table = Table.grid(padding=(0, 3))
    reading = scene.reading
    table.add_row(
        "  signals in", f"{scene.produced_per_second:,.0f}/s", f"{_count(reading.produced)} since the start"
    )
    table.add_row(
        "  stored", f"{scene.processed_per_second:,.0f}/s", f"{_count(reading.processed)} since the start"
    )
    table.add_row("  lag", f"{_count(reading.lag)}", "records on their way")
    table.add_row("  anomalies", "", f"{_count(reading.found)} since the start")
    return table


def _anomalies(anomalies: Iterable[Found]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for _ in range(2):
        table.add_column(no_wrap=True)
    table.add_column()
    for found in anomalies:
        severity = Text(harmless(found.severity), _COLOURS.get(found.severity, ""))
        table.add_row(f"  {found.time:%H:%M:%S}", severity, _one_line(found.summary))
    return table if table.row_count else Text("  no anomaly yet", "dim")


def _one_line(summary: str) -> Text:
    # The text's own, not the column's: rich would shrink columns that do not wrap evenly.
    return Text(harmless(summary), no_wrap=True, overflow="ellipsis")


def _sentence(found: Found) -> str:
    return harmless(f"{found.time:%H:%M:%S} {found.severity}: {found.summary}")


def _summary(scene: Scene) -> str:
    return (
        f"{scene.produced_per_second:,.0f} signals/s in, {scene.processed_per_second:,.0f}/s stored, "
        f"lag {_count(scene.reading.lag)}, {_count(scene.reading.found)} anomalies"
    )


def _count(number: float | None) -> str:
    return "?" if number is None else f"{number:,.0f}"
