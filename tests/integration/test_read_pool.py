"""What PostgreSQL says to a question: wait, or ask for something else; never a fault of the service."""

import asyncio

import psycopg
import pytest

from secure_signal.adapters import postgres
from secure_signal.adapters.read_pool import ReadPool
from secure_signal.core.errors import RefusedError, RetryError

pytestmark = pytest.mark.integration


@pytest.fixture
def connection(database_url: str) -> psycopg.Connection:
    connection = postgres.connect(database_url, "test")
    postgres.migrate(connection)
    return connection


async def ask(url: str, digest: object) -> None:
    pool = ReadPool(url, "test", 1)
    await pool.open()
    try:
        await pool.change("session_close", {"digest": digest})
    finally:
        await pool.close()


@pytest.mark.parametrize(
    "trouble",
    [
        "ALTER ROLE CURRENT_USER SET default_transaction_read_only = on",
        "ALTER TABLE sessions RENAME COLUMN digest TO away",
        "DROP TABLE sessions",
    ],
)
def test_what_ends_by_itself_is_an_outage(
    database_url: str, connection: psycopg.Connection, trouble: str
) -> None:
    connection.execute(trouble)
    try:
        with pytest.raises(RetryError):
            asyncio.run(ask(database_url, b""))
    finally:
        connection.execute("ALTER ROLE CURRENT_USER RESET default_transaction_read_only")


def test_what_postgresql_cannot_hold_is_refused(database_url: str, connection: psycopg.Connection) -> None:
    with pytest.raises(RefusedError):
        asyncio.run(ask(database_url, "\0"))
