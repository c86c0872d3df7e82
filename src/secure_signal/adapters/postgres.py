"""PostgreSQL: connections and migrations."""

import hashlib
import re
from importlib.resources import files
from importlib.resources.abc import Traversable

import psycopg
from psycopg import conninfo

from secure_signal.adapters.sqlstate import outages
from secure_signal.adapters.statements import statement
from secure_signal.core.errors import RetryError, StopError, UsageError

# Any number that nobody else uses for an advisory lock in this database.
_MIGRATION_LOCK = {"lock": 0x5EC5_1611}

_PORTS = re.compile(r"[0-9,]*")


def check(url: str) -> None:
    """UsageError, which does not tell the password in it, where libpq could not read the URL."""
    try:
        found = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        found = None
    # A password with an @ or a / in it would be taken for a part of the host or the port, and told.
    if found is None or "@" in str(found.get("host")) or not _PORTS.fullmatch(str(found.get("port", ""))):
        raise UsageError(
            "DATABASE_URL is no URL as libpq reads it: postgresql://user:password@host:port/database. "
            "In the password, percent-encode @ : / % and spaces (%40 is @), or give it as PGPASSWORD."
        ) from None


def connect(url: str, name: str, *, autocommit: bool = True) -> psycopg.Connection:
    """A connection in UTC; RetryError where PostgreSQL cannot be reached, UsageError as of ``check``."""
    check(url)
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
    is not the one in this package: a newer version made the schema, or a file was edited. RetryError
    where PostgreSQL does not let it be done now, as on a standby.
    """
    with outages():
        return _migrate(connection)


def _migrate(connection: psycopg.Connection) -> list[str]:
    folder = files("secure_signal.adapters") / "migrations"
    scripts = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    connection.execute(statement("migrations_lock"), _MIGRATION_LOCK)
    try:
        connection.execute((folder / "0000_migrations.sql").read_bytes())
        applied: dict[str, str] = dict(connection.execute(statement("migrations_applied")).fetchall())
        _refuse_strangers(applied, scripts)
        return [f.name for f in scripts[1:] if f.name not in applied and _apply(connection, f)]
    finally:
        connection.execute(statement("migrations_unlock"), _MIGRATION_LOCK)


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
        connection.execute(statement("migrations_note"), {"name": script.name, "checksum": _checksum(script)})
    return True


def _checksum(script: Traversable) -> str:
    return hashlib.sha256(script.read_bytes()).hexdigest()
