"""The lines of a file of signals that are none."""

import typer


class BadLines:
    """How many there are; each is told on stderr with its number and reason."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, number: int, reason: str) -> None:
        """Tell of a line."""
        self.count += 1
        typer.echo(f"line {number}: {reason}", err=True)

    def tell_count(self) -> None:
        """Say how many there were."""
        are = "1 line is no signal" if self.count == 1 else f"{self.count} lines are no signals"
        typer.echo(f"{are}, and left out.", err=True)
