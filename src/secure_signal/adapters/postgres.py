"""PostgreSQL: connections and migrations."""

import hashlib
from importlib.resources import files
from importlib.resources.abc import Traversable

import psycopg

from secure_signal.core.errors import RetryError, StopError

# Any number that nobody else uses for an advisory lock in this database.
_MIGRATION_LOCK = 0x5EC5_1611


def connect(url: str, name: str, *, autocommit: bool = True) -> psycopg.Connection:
    """A connection in UTC; RetryError where PostgreSQL cannot be reached."""
    try:
        return psycopg.connect(
            url,
            application_name=name,
            autocommit=autocommit,
            connect_timeout=5,
            options="-c timezone=UTC",
        )
    except psycopg.OperationalError as error:
        raise RetryError(f"PostgreSQL cannot be reached: {error}") from error


def migrate(connection: psycopg.Connection) -> list[str]:
    """Bring the schema up to date, one migration a transaction, one process at a time.

    Returns the names of the migrations that were applied now. StopError where an applied migration
    is not the one in this package: a newer version made the schema, or a file was edited.
    """
    folder = files("secure_signal.adapters") / "migrations"
    scripts = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    connection.execute("SELECT pg_advisory_lock(%s)", (_MIGRATION_LOCK,))
    try:
        connection.execute((folder / "0000_migrations.sql").read_bytes())
        rows = connection.execute("SELECT name, checksum FROM schema_migrations").fetchall()
        applied: dict[str, str] = dict(rows)
        _refuse_strangers(applied, scripts)
        return [f.name for f in scripts[1:] if f.name not in applied and _apply(connection, f)]
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_MIGRATION_LOCK,))


def _refuse_strangers(applied: dict[str, str], scripts: list[Traversable]) -> None:
    known = {f.name: _checksum(f) for f in scripts}
    for name, checksum in applied.items():
        if known.get(name) != checksum:
            what = "is unknown here" if name not in known else "differs from the one here"
            raise StopError(
                f"The database's migration {name} {what}: another version of Secure Signal made this "
                "schema. Use that version or a later one, or another database."
            )


def _apply(connection: psycopg.Connection, script: Traversable) -> bool:
    with connection.transaction():
        connection.execute(script.read_bytes())
        connection.execute(
            "INSERT INTO schema_migrations (name, checksum) VALUES (%s, %s)",
            (script.name, _checksum(script)),
        )
    return True


def _checksum(script: Traversable) -> str:
    return hashlib.sha256(script.read_bytes()).hexdigest()
