"""The command ``secure-signal``: one module for each group of subcommands."""

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from secure_signal.cli import backtest, detect, keys, rules, services, stack, streams, traffic, why
from secure_signal.core.errors import StopError

app = typer.Typer(
    name="secure-signal",
    help="Security signals in over HTTP, through Kafka, stored exactly once, judged as they pass.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)

for _module in (stack, services, keys, traffic, detect, backtest, why, rules):
    app.add_typer(_module.app)


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"secure-signal {version('secure-signal')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Say which this is.")
    ] = False,
) -> None:
    pass


def run() -> None:
    """Run the command; a StopError, or a full disk, becomes its sentence and its exit code."""
    try:
        app()
    except StopError as error:
        typer.echo(f"secure-signal: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.exit(0)
    except OSError as error:
        sentence = streams.failure(error)
        if sentence is None:
            raise
        streams.drop_output()
        typer.echo(f"secure-signal: {sentence}", err=True)
        sys.exit(1)
