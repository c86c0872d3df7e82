"""The table that a benchmark ends with."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Round:
    """Signals a second, of one round."""

    emitted: float
    stored: float
    copied: float


def show(rounds: Sequence[Round], signals: int) -> None:
    """Print medians, extremes and the ratio to psql; a ratio compares within a round."""
    table = Table(title=f"Signals a second, {len(rounds)} rounds of {signals:,}")
    for heading in ("", "median", "least", "most"):
        table.add_column(heading, justify="right" if heading else "left")
    add(table, "HTTP to Kafka, batches of 100", [r.emitted for r in rounds], "{:,.0f}")
    add(table, "Kafka to PostgreSQL", [r.stored for r in rounds], "{:,.0f}")
    add(table, "psql \\copy of the same rows", [r.copied for r in rounds], "{:,.0f}")
    table.add_section()
    add(table, "Kafka to PostgreSQL / psql \\copy", [r.stored / r.copied for r in rounds], "{:.2f}")
    Console().print(table)


def add(table: Table, name: str, values: Sequence[float], form: str) -> None:
    """One line of the table."""
    table.add_row(name, *(form.format(v) for v in (median(values), min(values), max(values))))
