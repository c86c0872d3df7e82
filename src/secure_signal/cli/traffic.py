"""Made traffic: generate it, and score what was found in it."""

import typer

app = typer.Typer()
