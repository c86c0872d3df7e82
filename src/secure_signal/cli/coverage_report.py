"""Which rules were on when, for people and for programs."""

from collections.abc import Sequence

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from secure_signal.cli.rule_tables import WIDTH
from secure_signal.core import instant
from secure_signal.core.detection.inquiry.coverage import Coverage, Run


class Row(msgspec.Struct, frozen=True):
    """A run: ``rules`` is how many its rule set has, None where nobody remembers.

    ``on`` and ``digest`` are of the rule that was asked for: whether it was among them (None: nobody
    remembers), and in which form.
    """

    partition: int
    first: int
    next: int
    since: str
    until: str
    ruleset: str
    rules: int | None
    on: bool | None = None
    digest: str | None = None


class Report(msgspec.Struct, frozen=True):
    """Runs of signals that came since an instant; ``rule`` is the id of the one that was asked for."""

    since: str
    rule: str | None
    runs: list[Row]


def of(found: Coverage, runs: Sequence[Run], since: int, rule_id: str | None) -> Report:
    """The report of these runs."""
    return Report(instant.render(since), rule_id, [_row(run, found, rule_id) for run in runs])


def _row(run: Run, found: Coverage, rule_id: str | None) -> Row:
    known = found.rule_lists.get(run.ruleset)
    asked = found.evaluation(rule_id, run) if rule_id else None
    rule = asked.rule if asked else None
    return Row(
        run.partition,
        run.first,
        run.next,
        instant.render(run.since),
        instant.render(run.until),
        run.ruleset,
        len(known.rules) if known else None,
        rule is not None if asked and asked.known else None,
        rule.digest if rule else None,
    )


def show_json(report: Report) -> None:
    """One JSON object on stdout."""
    typer.echo(msgspec.json.encode(report))


def show(report: Report) -> None:
    """A table, with the number of rules of each rule set, or with the form of the rule."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("partition", "first", "next"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("came from", "until", "rule set", "rules" if report.rule is None else "rule"):
        table.add_column(name, no_wrap=True)
    for row in report.runs:
        numbers = map(str, (row.partition, row.first, row.next))
        last = _count(row) if report.rule is None else _form(row)
        table.add_row(*numbers, _clock(row.since), _clock(row.until), row.ruleset, last)
    Console(width=WIDTH).print(table)


def _count(row: Row) -> str:
    return "?" if row.rules is None else str(row.rules)


def _form(row: Row) -> str:
    if row.on is None:
        return "?"
    return "off" if row.digest is None else f"on ({row.digest[:8]})"


def _clock(moment: str) -> str:
    """An instant to the second."""
    return f"{moment[:19].replace('T', ' ')}Z"
