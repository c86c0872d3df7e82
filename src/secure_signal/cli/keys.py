"""API keys: create, list, revoke."""

import typer

app = typer.Typer()
