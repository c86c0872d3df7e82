"""Judge what is stored by rules that are not live yet, and compare them with others."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secure_signal.cli.rule_sources import Logsources, Rules
from secure_signal.core.errors import UsageError

if TYPE_CHECKING:
    from secure_signal.core.detection.inquiry.backtest import Backtest
    from secure_signal.core.detection.rules.ruleset import RuleSet

app = typer.Typer()


@app.command()
def backtest(
    since: Annotated[str, typer.Option(help="From this instant (RFC 3339) on, or how far back: 24h, 7d.")],
    until: Annotated[str | None, typer.Option(help="Before this instant, likewise. [default: now]")] = None,
    rules: Rules = None,
    against: Annotated[
        list[Path] | None,
        typer.Option(help="Rules to compare with, such as those that are live; may be repeated."),
    ] = None,
    logsources: Logsources = None,
    examples: Annotated[int, typer.Option(min=0, max=100, help="Anomalies to show for each change.")] = 3,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Tell what rules would have found in the signals that PostgreSQL keeps, and what a change of them does.

    The signals are judged by the live engine in event-time order; those before --since that windows reach
    back to are read too. Nothing is stored. Reads PostgreSQL at DATABASE_URL. Exit codes: 0 done, 1 a rule
    failed at some signals or PostgreSQL does not answer, 2 the call or a rule file is wrong.

    Example: `secure-signal backtest --rules new/ --against live/ --since 7d`
    """
    # Imported here: no other command pays for the rule parser.
    from secure_signal.adapters import rule_files
    from secure_signal.cli import backtest_report, moment
    from secure_signal.core.detection.inquiry.backtest import Backtest

    now = moment.now()
    first = moment.read("--since", since)
    end = now if until is None else moment.read("--until", until)
    if end <= first:
        raise UsageError("--until must be later than --since.")
    ruleset = rule_files.load(rules, logsources)
    old = rule_files.load(against, logsources) if against else None
    run = Backtest(ruleset, old, first, now, examples)
    started = time.perf_counter()
    _judge(run, [each for each in (ruleset, old) if each is not None], first, end)
    report = backtest_report.of(run, ruleset, old, (first, end), time.perf_counter() - started)
    backtest_report.show_json(report) if as_json else backtest_report.show(report)
    if report.failures:
        raise typer.Exit(1)


def _judge(run: "Backtest", rulesets: Iterable["RuleSet"], since: int, until: int) -> None:
    """Judge all signals of an interval and of the time before it that counts, with a progress bar."""
    from rich.console import Console
    from rich.progress import Progress

    from secure_signal.adapters import history
    from secure_signal.cli.database import connected
    from secure_signal.core.detection.inquiry.backtest import warm_up

    with connected("backtest") as connection:
        begin = max(0, since - warm_up(rulesets))
        span = history.span(connection, begin, until)
        if span is None:
            return
        first, last = span
        console = Console(stderr=True)
        with Progress(console=console, disable=not console.is_terminal, transient=True) as progress:
            task = progress.add_task("signals", total=last - first)
            for reached in run.run(history.events(connection, first, last + 1)):
                progress.update(task, completed=reached - first, description=f"{run.signals:,} signals")
