"""Which rules were on when: by the record that detectors keep of what each rule set evaluated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from secure_signal.core.errors import RetryError, StopError, UsageError

if TYPE_CHECKING:
    from secure_signal.core.detection.inquiry.coverage import Coverage


def coverage(
    rule: Annotated[str | None, typer.Argument(metavar="RULE", help="Id, name or title of a rule.")] = None,
    since: Annotated[
        str, typer.Option(help="Signals that came since this instant (RFC 3339), or how far back: 24h, 7d.")
    ] = "7d",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")] = False,
) -> None:
    """Show which rule set evaluated which signals; with RULE, whether it was in the set, and in which form.

    Detectors record that on Kafka as they go, exactly, and keep it for 90 days. Offsets are those of
    signal-events, `next` is the first that is not in the run.

    Example: `secure-signal rules coverage brute_force --since 24h`
    """
    from secure_signal.adapters import rule_coverage, settings, topics
    from secure_signal.cli import coverage_report, moment

    begin = moment.read("--since", since)
    try:
        found = rule_coverage.read(settings.read().kafka_bootstrap_servers)
    except RetryError as error:
        raise StopError(
            f"{error}\nKAFKA_BOOTSTRAP_SERVERS names the brokers; "
            'for the running local stack: eval "$(secure-signal env)"'
        ) from error
    runs = [run for run in found.runs if run.topic == topics.SIGNALS and run.until >= begin]
    if not runs and not as_json:
        typer.echo(f"No signal that came since {since} was evaluated.", err=True)
        return
    report = coverage_report.of(found, runs, begin, rule and _id(rule, found))
    coverage_report.show_json(report) if as_json else coverage_report.show(report)


def _id(name: str, found: Coverage) -> str:
    """The id of a rule that some set contained; UsageError where none did."""
    for rules in found.rule_lists.values():
        for rule in rules.rules:
            if name.casefold() in (rule.id.casefold(), rule.title.casefold(), rule.anomaly_type.casefold()):
                return rule.id
    raise UsageError(f"No rule set that was in force contains a rule '{name}'; give its id, name or title.")
