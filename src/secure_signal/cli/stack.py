"""The local stack: up, status, logs, down, doctor, env."""

import typer

app = typer.Typer()
