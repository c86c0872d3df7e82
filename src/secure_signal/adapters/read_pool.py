"""A few connections to PostgreSQL for questions whose cost the asker does not control."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from typing import Any

from prometheus_client import Histogram
from psycopg import AsyncConnection, DataError, Error
from psycopg.errors import QueryCanceled
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from secure_signal.adapters import postgres
from secure_signal.adapters.statements import statement
from secure_signal.core.errors import RefusedError, RetryError

SECONDS = 5
"""A question that takes longer is stopped."""

_QUERY_SECONDS = Histogram(
    "dashboard_query_seconds",
    "Time of a question to PostgreSQL, the wait for a connection included",
    ["query"],
)

# A question waits so long for a connection; a lost connection is tried again for as long.
_WAIT_SECONDS = 2.0
_MAX_WAITING = 64

_SESSION = (
    f"-c timezone=UTC -c statement_timeout={SECONDS}s -c lock_timeout=2s "
    "-c idle_in_transaction_session_timeout=10s"
)


# It warns of each failed attempt to connect, which RetryError tells.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class AskLessError(RetryError):
    """The question took too long: ask for less."""


class ReadPool:
    """Runs named statements; RetryError while PostgreSQL cannot answer, which ends by itself.

    RefusedError where it cannot take what it was asked with.
    """

    def __init__(self, url: str, name: str, size: int) -> None:
        """``size`` bounds the questions that PostgreSQL works on at the same time."""
        postgres.check(url)
        self._pool: AsyncConnectionPool[AsyncConnection[TupleRow]] = AsyncConnectionPool(
            url,
            kwargs={
                "application_name": name,
                "autocommit": True,
                "connect_timeout": 5,
                "options": _SESSION,
                # The plan depends on which conditions are given: never one plan for all.
                "prepare_threshold": None,
            },
            name=name,
            min_size=1,
            max_size=size,
            max_waiting=_MAX_WAITING,
            timeout=_WAIT_SECONDS,
            reconnect_timeout=_WAIT_SECONDS,
            check=AsyncConnectionPool.check_connection,
            open=False,
        )

    async def open(self) -> None:
        """Begin to connect, in the background."""
        await self._pool.open()

    async def close(self) -> None:
        """Let the connections go."""
        await self._pool.close()

    async def fetch(self, name: str, params: Mapping[str, Any]) -> list[TupleRow]:
        """All rows of a statement."""
        async with self._connection(name) as connection:
            return await (await connection.execute(statement(name), params)).fetchall()

    async def now(self) -> datetime:
        """PostgreSQL's time."""
        return (await self.fetch("clock", {}))[0][0]  # type: ignore[no-any-return]

    async def change(self, name: str, params: Mapping[str, Any]) -> int:
        """Run a statement that returns no rows; how many rows it touched."""
        async with self._connection(name) as connection:
            return (await connection.execute(statement(name), params)).rowcount

    @asynccontextmanager
    async def stream(self, name: str, params: Mapping[str, Any]) -> AsyncIterator[AsyncIterator[TupleRow]]:
        """The rows of a statement one by one; what is not read is never fetched."""
        async with self._connection(name) as connection, connection.cursor() as cursor:
            rows = cursor.stream(statement(name), params)
            async with aclosing(rows):  # type: ignore[type-var]
                yield rows

    @asynccontextmanager
    async def _connection(self, name: str) -> AsyncIterator[AsyncConnection[TupleRow]]:
        try:
            with _QUERY_SECONDS.labels(name).time():
                async with self._pool.connection() as connection:
                    yield connection
        except QueryCanceled as error:
            raise AskLessError(f"PostgreSQL worked on this for {SECONDS} seconds and was stopped.") from error
        except DataError as error:
            raise RefusedError("", f"PostgreSQL: {error.diag.message_primary or error}") from error
        except Error as error:
            # Also what it has no right or table for: migrations may wait, a failover be under way.
            raise RetryError(f"PostgreSQL cannot answer now: {error}") from error
