"""Why there is an anomaly, and why there is none."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from secure_signal.cli.rule_sources import Logsources, Rules
from secure_signal.core.errors import UsageError

if TYPE_CHECKING:
    from rich.status import Status

app = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of trees.")]


@app.command()
def why(
    anomaly_id: Annotated[str, typer.Argument(metavar="ANOMALY-ID")],
    rules: Rules = None,
    logsources: Logsources = None,
    as_json: AsJson = False,
) -> None:
    """Tell why there is an anomaly: what its rule asks, with the values that made it true, and its signals.

    The stored signals are judged again by the rule as it is loaded now. Reads PostgreSQL at DATABASE_URL.
    Exit codes: 0 explained, 1 PostgreSQL does not answer, 2 there is no such anomaly or a rule file is wrong.

    Example: `secure-signal why 2f6201d0-9ce7-5e83-8ab9-8eec2b9013c2`
    """
    from secure_signal.adapters import history, rule_files
    from secure_signal.cli import inquiry, why_report
    from secure_signal.cli.database import connected

    ruleset = rule_files.load(rules, logsources)
    with _patience(), connected("why") as connection:
        found = history.anomaly(connection, _uuid(anomaly_id))
        if found is None:
            raise UsageError(f"There is no anomaly {anomaly_id} in this database.")
        cause = inquiry.cause(connection, ruleset, found)
    why_report.show_json(cause) if as_json else why_report.show_cause(cause)


@app.command()
def why_not(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its id, name or title.")],
    signal_id: Annotated[str, typer.Argument(metavar="SIGNAL-ID")],
    rules: Rules = None,
    logsources: Logsources = None,
    as_json: AsJson = False,
) -> None:
    """Tell why a rule found nothing at a stored signal: what was false, or how far its window got.

    The group's stored signals are judged again by the rule as it is loaded now. Reads PostgreSQL at
    DATABASE_URL; whether the rule was on then is asked of Kafka at KAFKA_BOOTSTRAP_SERVERS. Exit codes:
    0 explained, 1 PostgreSQL does not answer, 2 there is no such rule or signal, or a rule file is wrong.

    Example: `secure-signal why-not brute_force 0197f3c2-6f4e-7c1a-9d52-3b8f0e6a1c77`
    """
    from secure_signal.adapters import history, rule_files
    from secure_signal.cli import inquiry, why_report
    from secure_signal.cli.database import connected
    from secure_signal.cli.rule_names import named

    ruleset = rule_files.load(rules, logsources)
    chosen = named(rule, ruleset, rules)
    with _patience(), connected("why-not") as connection:
        stored = history.signals_named(connection, signal_id)
        if not stored:
            raise UsageError(f"There is no signal {signal_id} in this database.")
        absence = inquiry.absence(connection, ruleset, chosen, stored)
    why_report.show_json(absence) if as_json else why_report.show_absence(absence)


def _patience() -> "Status":
    """A sign on a terminal that work is under way."""
    from rich.console import Console

    return Console(stderr=True).status("Judging the stored signals again")


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise UsageError(f"{text!r} is no anomaly's id: those are UUIDs.") from None
