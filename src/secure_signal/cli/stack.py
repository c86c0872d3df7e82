"""The local stack: up, status, logs, down, doctor, env."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secure_signal.cli import streams
from secure_signal.core.errors import StopError

if TYPE_CHECKING:
    from secure_signal.stack.folder import DataFolder

app = typer.Typer()

# What is imported inside the commands is not there on Windows, or costs others time at the start.

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Folder of the stack's data. [default: the user's data folder]"
    ),
]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="0: any free one.")]


@contextmanager
def _explained() -> Iterator[None]:
    """What the system refuses, and Ctrl-C, become a sentence."""
    try:
        yield
    except KeyboardInterrupt:  # while Kafka is downloaded, for one
        raise StopError("Interrupted.") from None
    except OSError as error:
        if isinstance(error, BrokenPipeError) or streams.failure(error):
            raise
        where = f"{error.filename}: " if error.filename else ""
        raise StopError(f"{where}{error.strerror or error}.") from error
    except Exception as error:
        import psutil

        if not isinstance(error, psutil.AccessDenied):
            raise
        raise StopError(f"Process {error.pid} is another user's: that user or root can do this.") from error


@app.command()
@_explained()
def up(
    data: Data = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when everything is ready.")] = False,
    emitter_port: Port = 8000,
    processor_port: Port = 8001,
    detector_port: Port = 8002,
    dashboard_port: Port = 8080,
    kafka_port: Port = 29092,
    postgres_port: Port = 55432,
) -> None:
    """Start Kafka, PostgreSQL and the four services here, and keep them running until Ctrl-C.

    Example: `secure-signal up --detach`
    """
    folder = _folder(data)
    from rich.console import Console

    from secure_signal.stack import detached
    from secure_signal.stack import up as stack
    from secure_signal.stack.ports import Ports

    settings, console = stack.settings(), Console()
    ports = Ports(
        emitter_port, processor_port, detector_port, dashboard_port, kafka_port, postgres_port
    ).settled()
    if detach:
        stack.fetch_jars(console)
        detached.run(folder, ports, settings, console)
    else:
        stack.run(folder, ports, settings, console)


@app.command()
@_explained()
def status(
    data: Data = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Say what runs; the exit code is 0 when all of it is ready.

    Example: `secure-signal status --json`
    """
    folder = _folder(data)
    import msgspec
    from rich.console import Console

    from secure_signal.stack import status as stack
    from secure_signal.stack import status_table

    found = stack.read(folder)
    typer.echo(msgspec.json.encode(found)) if as_json else status_table.show(found, Console())
    raise typer.Exit(0 if found.is_ready else 1)


@app.command()
@_explained()
def logs(
    service: Annotated[str | None, typer.Argument(help="One part, or supervisor. [default: all]")] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what is added.")] = False,
    lines: Annotated[int, typer.Option(min=0, help="Lines of each log to begin with.")] = 20,
    data: Data = None,
) -> None:
    """Show the logs of the parts.

    Example: `secure-signal logs detector --follow`
    """
    folder = _folder(data)
    from secure_signal.stack import logs as stack
    from secure_signal.stack.terminal import harmless

    chosen = stack.of(folder, service)
    for name, log in chosen.items():
        for line in stack.last_lines(log, lines):
            typer.echo(f"{name:<10} | {harmless(line)}")
    if follow:
        try:
            for name, line in stack.follow(chosen):
                typer.echo(f"{name:<10} | {harmless(line)}")
        except KeyboardInterrupt:
            pass


@app.command()
@_explained()
def down(data: Data = None) -> None:
    """Stop what runs; the data stay.

    Example: `secure-signal down`
    """
    folder = _folder(data)
    from secure_signal.stack import down as stack

    ran = stack.stop(folder)
    typer.echo("Stopped." if ran else f"Nothing runs on {folder.path}.")


@app.command()
@_explained()
def doctor(data: Data = None) -> None:
    """Check what the local stack needs, and say what to do where it is missing.

    Example: `secure-signal doctor`
    """
    folder = _folder(data)
    from secure_signal.stack import doctor as stack
    from secure_signal.stack.ports import Ports

    ill = False
    for finding in stack.examine(folder, Ports()):
        typer.echo(f"{'missing' if finding.advice else 'ok':<8} {finding.name:<12} {finding.found}")
        if finding.advice:
            ill = True
            typer.echo(f"{'':<22}→ {finding.advice}")
    raise typer.Exit(1 if ill else 0)


@app.command()
@_explained()
def env(data: Data = None) -> None:
    """Print shell exports of where Kafka and PostgreSQL are.

    Example: `eval "$(secure-signal env)"; psql "$DATABASE_URL"`
    """
    folder = _folder(data)
    import shlex

    from secure_signal.stack import invocation, kafka, postgres, record

    running = record.running(folder)
    if running is None:
        raise StopError(f"Nothing runs on {folder.path}. Start it: {invocation.of(folder, 'up')}")
    access = postgres.Access.by(folder.password, running.ports.postgres)
    typer.echo(f"export KAFKA_BOOTSTRAP_SERVERS={kafka.bootstrap_servers(running.ports.kafka)}")
    typer.echo(f"export DATABASE_URL={shlex.quote(access.url())}")


def _folder(data: Path | None) -> "DataFolder":
    """The data folder; StopError where the local stack does not run."""
    if sys.platform == "win32":
        raise StopError(
            "The local stack runs on Linux and macOS. On Windows start the same as containers: "
            "docker compose up -d --build --wait (see docker-compose.yml)."
        )
    from secure_signal.stack import folder

    return folder.DataFolder((data or folder.default()).expanduser().absolute())
