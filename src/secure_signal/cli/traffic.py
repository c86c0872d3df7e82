"""Made traffic: generate it, and score what was found in it."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Annotated, TypeVar

import msgspec
import typer
from rich.console import Console

from secure_signal.cli import moment, score_table, streams
from secure_signal.core import anomaly, instant, signal
from secure_signal.core.errors import RefusedError, RetryError, StopError, UsageError
from secure_signal.core.instant import LAST, SECOND
from secure_signal.core.score import Finding, Score
from secure_signal.core.score import score as compare
from secure_signal.core.traffic import label
from secure_signal.core.traffic.emission import Emission
from secure_signal.core.traffic.label import Label
from secure_signal.core.traffic.stream import Traffic, stream

app = typer.Typer()

# What ended less than this before now may still be on its way through the pipeline.
_SETTLE = 15 * SECOND
# Attacks that began this long before an interval can still be found inside it.
_BEFORE = 3600 * SECOND

# So many signals are made from one look at the progress to the next.
_STEP = 1000

T = TypeVar("T")


@app.command()
def generate(
    labels: Annotated[Path, typer.Option(help="File for the labels of the attacks (NDJSON).")],
    minutes: Annotated[float, typer.Option(min=0.1, help="How much time to make.")] = 10,
    rate: Annotated[float, typer.Option(min=0.01, max=100_000, help="Signals a second, on the mean.")] = 50,
    seed: Annotated[int, typer.Option(help="The same seed and start give the same bytes.")] = 1,
    burst: Annotated[bool, typer.Option("--burst", help="Quiet and peaks instead of a steady rate.")] = False,
    start: Annotated[
        str | None, typer.Option(help="First instant (RFC 3339). By default the last one is now.")
    ] = None,
) -> None:
    """Write made traffic as NDJSON to stdout, at full speed; no attack is cut off at the end.

    Example: `secure-signal generate --seed 7 --labels labels.ndjson > signals.ndjson`
    """
    first, end = _interval(start, minutes)
    out = streams.output()
    with streams.created(labels) as truth:
        for event in _watched(stream(Traffic(seed, rate, burst), first, end), first, end):
            if isinstance(event, Label):
                truth.write(label.encode(event) + b"\n")
            else:
                out.write(signal.encode(event.signal) + b"\n")
    out.flush()


@app.command()
def score(
    last: Annotated[str, typer.Option(help="How far back from now, such as 90s, 10m, 2h.")] = "10m",
    since: Annotated[
        str | None, typer.Option(help="From this instant (RFC 3339) on, instead of --last.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="Labels from a file, instead of PostgreSQL; with --anomalies.")
    ] = None,
    anomalies: Annotated[Path | None, typer.Option(help="Anomalies from a file, as detect writes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
    min_precision: Annotated[float, typer.Option(min=0, max=1, help="Exit code 1 below this.")] = 0,
    min_recall: Annotated[
        float, typer.Option(min=0, max=1, help="Exit code 1 below this, or where a kind was never found.")
    ] = 0,
) -> None:
    """Compare what was found with the attacks that the generator made.

    An attack is found when an anomaly of its kind has one of its signals as evidence. Attacks that had
    not begun or ended within the time asked for, or stopped in the midst, do not count; where that is
    more than a fifth, no --min-precision or --min-recall is reached.
    Reads PostgreSQL at DATABASE_URL, or two files: there delays are in event time.

    Example: `secure-signal score --labels labels.ndjson --anomalies anomalies.ndjson`
    """
    if (labels is None) != (anomalies is None):
        raise UsageError("--labels and --anomalies go together: one is compared with the other.")
    if labels and anomalies:
        result = _of_files(labels, anomalies)
    else:
        result = _of_database(_instant(since) if since else moment.ago("--last", last))
    if as_json:
        typer.echo(msgspec.json.encode(result))
    else:
        Console().print(score_table.of(result))
    if not result.total.attacks:
        raise StopError("No attack ended in that time. Is the generator on (SIGNALS_PER_SECOND)?")
    if not result.reaches(min_precision, min_recall):
        raise typer.Exit(1)


def _interval(start: str | None, minutes: float) -> tuple[int, int]:
    """The first instant and the one after the last, in microseconds."""
    length = int(min(minutes * 60 * SECOND, LAST))
    first = moment.now() - length if start is None else _instant(start)
    if not 0 <= first <= first + length <= LAST:
        raise UsageError("That leaves the years 1970 to 9999: take another --start, or fewer --minutes.")
    return first, first + length


def _watched(events: Iterable[Emission | Label], first: int, end: int) -> Iterator[Emission | Label]:
    """What is made, with a progress bar on stderr where a person watches."""
    from rich.progress import Progress

    console, made = Console(stderr=True), 0
    with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task("signals", total=end - first)
        for event in events:
            yield event
            if isinstance(event, Emission):
                made += 1
                if made % _STEP == 0:
                    progress.update(task, completed=event.due - first, description=f"{made:,} signals")


def _of_files(labels: Path, anomalies: Path) -> Score:
    found = _records(anomalies, anomaly.decode)
    return compare(list(_records(labels, label.decode)), map(_finding, found))


def _finding(found: anomaly.Anomaly) -> Finding:
    # A file was judged at any time; what counts is when it could have been told.
    event_time = instant.parse(found.event_time)
    return Finding(found.anomaly_type, event_time, event_time, found.evidence)


def _records(path: Path, decode: Callable[[bytes], T]) -> Iterator[T]:
    """The lines of a file; UsageError names one that is something else."""
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                yield _record(f"{path}, line {number}", line, decode)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None


def _record(origin: str, line: bytes, decode: Callable[[bytes], T]) -> T:
    try:
        return decode(line)
    except (msgspec.DecodeError, RefusedError) as error:
        raise UsageError(f"{origin}: {error}") from None


def _of_database(since: int) -> Score:
    # Imported here: what reads files pays for no database.
    from secure_signal.adapters import attack_labels, postgres, settings

    until = moment.now() - _SETTLE
    try:
        with postgres.connect(settings.read().database_url, "score") as connection:
            labels, missing = attack_labels.between(connection, since - _BEFORE, until)
            found = attack_labels.findings(connection, since, LAST)
    except RetryError as error:
        raise StopError(f"{error}\nDATABASE_URL names the database to score.") from None
    return compare(labels, found, since, until, missing)


def _instant(text: str) -> int:
    try:
        return instant.parse(text)
    except RefusedError as error:
        raise UsageError(f"An instant {error.reason}.") from None
