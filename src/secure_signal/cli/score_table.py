"""A score as a table for people."""

from rich.box import SIMPLE
from rich.table import Table

from secure_signal.core.score import Delay, Row, Score

_NOTHING = "–"


def of(score: Score) -> Table:
    """One line for each kind of attack, and one for all; fits into 80 columns."""
    caption = "Seconds from an attack's first and completing signal: median/p95."
    if left_out := score.total.left_out:
        caption += f"\nLeft out: {left_out} attacks that stopped in the midst, or are not wholly stored yet."
    table = Table(title="Attacks, and what was found of them", caption=caption, box=SIMPLE, padding=0)
    table.add_column("kind", no_wrap=True)
    for name in (
        "attacks",
        "found",
        "recall",
        "false\nalarms",
        "precision",
        "s from\nfirst",
        "s from\ncompl.",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for row in score.kinds:
        table.add_row(*_cells(row), end_section=row is score.kinds[-1])
    table.add_row(*_cells(score.total), style="bold")
    return table


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.kind,
        str(row.attacks),
        str(row.found),
        _share(row.recall),
        str(row.false_alarms),
        _share(row.precision),
        _delay(row.since_first, 1),
        _delay(row.since_completing, 2),
    )


def _share(share: float | None) -> str:
    return _NOTHING if share is None else f"{share:.3f}"


def _delay(delay: Delay | None, decimals: int) -> str:
    return _NOTHING if delay is None else f"{delay.median:.{decimals}f}/{delay.p95:.{decimals}f}"
