"""Judge a file of signals by a folder of rules."""

import gc
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO, cast

import typer

from secure_signal.cli import streams
from secure_signal.cli.bad_lines import BadLines
from secure_signal.cli.rule_sources import Logsources, More, Rules, joined
from secure_signal.cli.signal_lines import watched
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import event
from secure_signal.core.detection.event import Event
from secure_signal.core.errors import RefusedError
from secure_signal.core.recent import Recent

if TYPE_CHECKING:
    from secure_signal.core.detection.engine import Engine

app = typer.Typer()

# The engine remembers what so many signals changed.
_MAX_UNSAVED = 100_000


@app.command()
def detect(
    context: typer.Context,
    rules: Rules = None,
    more: More = None,
    logsources: Logsources = None,
) -> None:
    """Judge signals (NDJSON on stdin) by Sigma rules; anomalies come as NDJSON on stdout.

    Signals are judged by event time: they are put in its order first, where they are out of it by up to 60
    seconds (SECURE_SIGNAL_LATENESS), or lie in the same 128 kB. One that comes later still counts in windows
    that reach back to it; how many did not is told on stderr. One that comes again (same id and timestamp)
    is judged once. Lines that are no signals are counted on stderr, the first 20 reported with number and
    reason; the exit code is then 1.

    Example: `secure-signal detect --rules my-rules/ < signals.ndjson > anomalies.ndjson`
    """
    # Imported here: no other command pays for the rule parser.
    from secure_signal.adapters import rule_files, settings
    from secure_signal.core import anomaly
    from secure_signal.core.detection.engine import Engine
    from secure_signal.core.detection.reorder import by_event_time

    lateness = settings.read().allowed_lateness
    engine = Engine(rule_files.load(joined(context, rules, more), logsources), lateness=lateness)
    for rule, notice in engine.ruleset.notices:
        typer.echo(f"{rule.origin}: note: {rule.title}: {notice}", err=True)
    for remark in engine.ruleset.remarks:
        typer.echo(f"note: {remark}", err=True)
    out, lines = streams.output(), _Lines(streams.signals())
    # What lives long is texts and numbers: cycles are looked for seldom.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    for block in _found(engine, by_event_time(lines, lateness)):
        for each in block:
            out.write(anomaly.encode(each) + b"\n")
    out.flush()
    _tell(engine)
    if lines.bad.count:
        lines.bad.tell_count()
        raise typer.Exit(1)


def _found(engine: "Engine", blocks: Iterable[list[Event]]) -> Iterator[list[Anomaly]]:
    position = unsaved = 0
    for events in blocks:
        yield engine.observe_all(events, position, time.time_ns() // 1000)
        position += len(events)
        unsaved += len(events)
        if unsaved > _MAX_UNSAVED:
            # Nobody keeps the state: what changed need not be remembered.
            engine.changes()
            unsaved = 0


def _tell(engine: "Engine") -> None:
    """What was not judged as it should."""
    if engine.late:
        typer.echo(f"{engine.late} signals came too late for a window.", err=True)
    if engine.full:
        typer.echo(f"{engine.full} signals were left out of full windows.", err=True)
    if engine.crowded:
        typer.echo(f"{engine.crowded} groups were dropped, as there were too many.", err=True)
    for rule_id, times in engine.errors.items():
        typer.echo(f"The rule {rule_id} failed at {times} signals.", err=True)


class _Lines:
    """The signals of a file, one a line, each once; what is none is among the ``bad``."""

    def __init__(self, file: BinaryIO) -> None:
        self.bad = BadLines()
        self._file = file
        self._recent = Recent()

    def __iter__(self) -> Iterator[list[Event]]:
        number = 1
        for lines in watched(self._file, self.bad):
            yield self._events(lines, number)
            number += len(lines)

    def _events(self, lines: list[bytes], first: int) -> list[Event]:
        numbers: Sequence[int] = range(first, first + len(lines))
        events = event.read(lines)
        if RefusedError in set(map(type, events)):
            good = [*self._good(zip(numbers, lines, events, strict=True))]
            numbers, events = [number for number, _ in good], [each for _, each in good]
        return self._new(numbers, cast(list[Event], events))

    def _good(self, reads: Iterable[tuple[int, bytes, Event | RefusedError]]) -> Iterator[tuple[int, Event]]:
        for number, line, read in reads:
            if isinstance(read, Event):
                yield number, read
            elif line.strip():
                self.bad.add(number, str(read))

    def _new(self, numbers: Sequence[int], events: list[Event]) -> list[Event]:
        """Those that did not come before; one without id is called by its line."""
        ids = [each.id for each in events]
        if "" in ids:
            ids = [name or f"line-{number}" for name, number in zip(ids, numbers, strict=True)]
            for each, name in zip(events, ids, strict=True):
                each.id = name
        times = [each.timestamp for each in events]
        again = self._recent.seen([*map(hash, zip(ids, times, strict=True))], numbers)
        if not again:
            return events
        places = set(again)
        return [each for place, each in enumerate(events) if place not in places]
