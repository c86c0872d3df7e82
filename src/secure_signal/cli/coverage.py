"""Which rules were on when: by the record that detectors keep of what each rule set evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from secure_signal.core.errors import RetryError, StopError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from secure_signal.core.detection.inquiry.coverage import Coverage, Run


def coverage(
    rule: Annotated[str | None, typer.Argument(metavar="RULE", help="Id, name or title of a rule.")] = None,
    since: Annotated[
        str, typer.Option(help="Signals that came since this instant (RFC 3339), or how far back: 24h, 7d.")
    ] = "7d",
) -> None:
    """Show which rule set evaluated which signals; with RULE, whether it was in the set, and in which form.

    Detectors record that on Kafka as they go, exactly, and keep it for 90 days. Offsets are those of
    signal-events, `next` is the first that is not in the run.

    Example: `secure-signal rules coverage brute_force --since 24h`
    """
    from rich.console import Console

    from secure_signal.adapters import rule_coverage, settings, topics
    from secure_signal.cli import moment, rule_tables

    begin = moment.read("--since", since)
    try:
        found = rule_coverage.read(settings.read().kafka_bootstrap_servers)
    except RetryError as error:
        raise StopError(
            f"{error}\nKAFKA_BOOTSTRAP_SERVERS names the brokers; "
            'for the running local stack: eval "$(secure-signal env)"'
        ) from error
    runs = [run for run in found.runs if run.topic == topics.SIGNALS and run.until >= begin]
    if not runs:
        typer.echo(f"No signal that came since {since} was evaluated.", err=True)
    else:
        table = _of_runs(runs, found) if rule is None else _of_rule(runs, found, _id(rule, found))
        Console(width=rule_tables.WIDTH).print(table)


def _id(name: str, found: Coverage) -> str:
    """The id of a rule that some set contained; UsageError where none did."""
    for rules in found.rule_lists.values():
        for rule in rules.rules:
            if name.casefold() in (rule.id.casefold(), rule.title.casefold(), rule.anomaly_type.casefold()):
                return rule.id
    raise UsageError(f"No rule set that was in force contains a rule '{name}'; give its id, name or title.")


def _of_runs(runs: list[Run], found: Coverage) -> Table:
    table = _table("rules")
    for run in runs:
        rules = found.rule_lists.get(run.ruleset)
        table.add_row(*_cells(run), "?" if rules is None else str(len(rules.rules)))
    return table


def _of_rule(runs: list[Run], found: Coverage, rule_id: str) -> Table:
    table = _table("rule")
    for run in runs:
        evaluation = found.evaluation(rule_id, run)
        form = f"on ({evaluation.rule.digest[:8]})" if evaluation.rule else "off"
        table.add_row(*_cells(run), form if evaluation.known else "?")
    return table


def _table(last: str) -> Table:
    from rich.box import SIMPLE
    from rich.table import Table

    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("partition", "first", "next"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("came from", "until", "rule set", last):
        table.add_column(name, no_wrap=True)
    return table


def _cells(run: Run) -> tuple[str, ...]:
    from secure_signal.core import instant

    times = (instant.to_datetime(at).strftime("%Y-%m-%d %H:%M:%SZ") for at in (run.since, run.until))
    return str(run.partition), str(run.first), str(run.next), *times, run.ruleset
