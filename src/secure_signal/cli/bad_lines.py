"""The lines of a file of signals that are none."""

import typer

# A person reads the first ones; a file of something else has nothing else.
_MAX_TOLD = 20


class BadLines:
    """How many there are; the first ones are told on stderr, each with its number and reason."""

    def __init__(self) -> None:
        self.count = 0

    def add(self, number: int, reason: str) -> None:
        """Count a line, and tell of it where it is one of the first."""
        self.count += 1
        if self.count <= _MAX_TOLD:
            typer.echo(f"line {number}: {reason}", err=True)
        elif self.count == _MAX_TOLD + 1:
            typer.echo("…", err=True)

    def tell_count(self) -> None:
        """Say how many there were."""
        are = "1 line is no signal" if self.count == 1 else f"{self.count:,} lines are no signals"
        typer.echo(f"{are}, and left out.", err=True)
