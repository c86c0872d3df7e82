"""What a backtest found, for people and for programs."""

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from secure_signal.core import instant
from secure_signal.core.detection.inquiry.backtest import Backtest, Outcome
from secure_signal.core.detection.inquiry.difference import Change
from secure_signal.core.detection.rules.ruleset import RuleSet

_SIGNS = {Change.ADDED: ("+", "green"), Change.REMOVED: ("-", "red"), Change.MOVED: ("~", "yellow")}


class Report(msgspec.Struct, kw_only=True):
    """One backtest.

    ``ruleset`` and ``against`` are hashes of rule sets (None: not compared). ``signals`` counts those that
    were judged, the ones before ``since`` included. ``rules`` has only those that found something, now or
    before; ``quiet`` is how many others there are. ``failures``: how often a rule, by id, failed.
    """

    since: str
    until: str
    ruleset: str
    against: str | None
    signals: int
    seconds: float
    found: int
    added: int
    removed: int
    moved: int
    rules: list[Outcome]
    quiet: int
    failures: dict[str, int]


def of(
    run: Backtest, ruleset: RuleSet, against: RuleSet | None, interval: tuple[int, int], seconds: float
) -> Report:
    """The report of a backtest that is done."""
    told = run.ranked()
    since, until = map(instant.render, interval)
    return Report(
        since=since,
        until=until,
        ruleset=ruleset.hash,
        against=against.hash if against else None,
        signals=run.signals,
        seconds=round(seconds, 3),
        found=sum(outcome.found for outcome in told),
        added=sum(outcome.added for outcome in told),
        removed=sum(outcome.removed for outcome in told),
        moved=sum(outcome.moved for outcome in told),
        rules=told,
        quiet=len(run.outcomes) - len(told),
        failures=run.errors,
    )


def show_json(report: Report) -> None:
    """One JSON object on stdout."""
    typer.echo(msgspec.json.encode(report))


def show(report: Report) -> None:
    """A table, and the examples below it."""
    console = Console(highlight=False)
    if not report.signals:
        console.print("No signals of that time are stored.")
        return
    if report.rules:
        console.print(_table(report))
    for outcome in report.rules:
        _show_examples(console, outcome, report.against is not None)
    for rule, times in report.failures.items():
        console.print(f"The rule {escape(rule)} failed at {times} signals.", style="red")
    quiet = f" {report.quiet} rules found nothing." if report.quiet else ""
    console.print(f"{_sum(report)}{quiet}")
    rate = report.signals / max(report.seconds, 0.001)
    console.print(f"{report.signals:,} signals in {report.seconds:.1f} s: {rate:,.0f} a second.")


def _table(report: Report) -> Table:
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("rule")
    table.add_column("level")
    compared = report.against is not None
    for name in ("found", "before", "added", "removed", "moved") if compared else ("found",):
        table.add_column(name, justify="right")
    for o in report.rules:
        counts = (o.found, o.before, o.added, o.removed, o.moved) if compared else (o.found,)
        table.add_row(escape(o.rule_title), o.severity, *(f"{n:,}" if n else "–" for n in counts))
    return table


def _show_examples(console: Console, outcome: Outcome, compared: bool) -> None:
    for change, anomalies in outcome.examples.items():
        sign, style = _SIGNS[change] if compared else (" ", "")
        for found in anomalies:
            when = found.event_time[:19].replace("T", " ")
            console.print(f"{sign} {when}  {escape(found.summary)}", style=style, soft_wrap=True)


def _sum(report: Report) -> str:
    if report.against is None:
        return f"{report.found:,} found."
    return (
        f"{report.found:,} found; the change adds {report.added:,}, removes {report.removed:,} "
        f"and finds {report.moved:,} of the same at another signal."
    )
