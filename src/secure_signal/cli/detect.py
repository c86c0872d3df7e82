"""Judge a file of signals by a folder of rules."""

import typer

app = typer.Typer()
