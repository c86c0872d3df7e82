"""API keys: create, list, revoke."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from secure_signal.core.errors import RetryError, StopError, UsageError
from secure_signal.core.scope import Scope

if TYPE_CHECKING:
    import psycopg

app = typer.Typer()
# The database is imported inside: no other command pays for its libraries.

_keys = typer.Typer(help="API keys, kept in the PostgreSQL of DATABASE_URL.", no_args_is_help=True)
app.add_typer(_keys, name="keys")


@_keys.command()
def create(
    name: Annotated[str, typer.Option(help="Whose key it is, for a person")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; may be given again")],
) -> None:
    """Make a key and show it, this once.

    Example: `secure-signal keys create --name my-sender --scope write`
    """
    from secure_signal.adapters import api_keys

    if not name.strip():
        raise UsageError("--name must not be empty.")
    with _database() as connection:
        key_id, key = api_keys.create(connection, name, scope, secrets.token_bytes(api_keys.SECRET_BYTES))
    typer.echo(f"Key {key_id} ({', '.join(scope)}). Keep it now; it is not shown again:", err=True)
    typer.echo(key)


@_keys.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Show all keys, without their secrets.

    Example: `secure-signal keys list --json`
    """
    import msgspec

    from secure_signal.adapters import api_keys

    with _database() as connection:
        keys = api_keys.listed(connection)
    if as_json:
        for key in keys:
            typer.echo(msgspec.json.encode(key))
        return
    table = Table("id", "name", "scopes", "created", "revoked")
    for key in keys:
        revoked = f"{key.revoked_at:%Y-%m-%d %H:%M}" if key.revoked_at else ""
        table.add_row(key.id, key.name, " ".join(key.scopes), f"{key.created_at:%Y-%m-%d %H:%M}", revoked)
    Console().print(table)


@_keys.command()
def revoke(key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it")]) -> None:
    """Make a key useless, within seconds and for good.

    Example: `secure-signal keys revoke 3f9c0a41d2be`
    """
    from secure_signal.adapters import api_keys

    with _database() as connection:
        if not api_keys.revoke(connection, key_id):
            raise UsageError(f"There is no key {key_id}: `secure-signal keys list` shows all.")
    typer.echo(f"Key {key_id} is revoked.")


@contextmanager
def _database() -> "Iterator[psycopg.Connection]":
    import psycopg

    from secure_signal.adapters import postgres, settings

    try:
        with postgres.connect(settings.read().database_url, "secure-signal keys") as connection:
            postgres.migrate(connection)
            yield connection
    except (RetryError, psycopg.Error) as error:
        raise StopError(
            f"{error}\nDATABASE_URL names the database of the keys; "
            'for the running local stack: eval "$(secure-signal env)"'
        ) from error
