"""Signals into PostgreSQL: streamed where they are new, merged where some may be stored already."""

from collections.abc import Sequence

import psycopg

from secure_signal.adapters.binary_copy import HEADER, TRAILER
from secure_signal.adapters.statements import statement


class SignalCopy:
    """A COPY straight into the table, open in the connection's transaction.

    Whatever it raises, the transaction is lost: roll back, or close the connection while it is open.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        self._scope = connection.cursor().copy(statement("signals_copy"))
        self._copy = self._scope.__enter__()
        self._copy.write(HEADER)

    def write(self, rows: Sequence[bytes]) -> None:
        """Send rows on their way; an error of theirs may show only in ``finish``."""
        self._copy.write(b"".join(rows))

    def finish(self) -> None:
        """Have PostgreSQL take the rows; psycopg.Error of any kind."""
        self._copy.write(TRAILER)
        self._scope.__exit__(None, None, None)


def merge(connection: psycopg.Connection, rows: Sequence[bytes]) -> None:
    """Add the rows that are not stored yet, all or none; psycopg.Error of any kind."""
    with connection.transaction(), connection.cursor() as cursor:
        with cursor.copy(statement("signals_stage")) as copy:
            copy.write(b"".join((HEADER, *rows, TRAILER)))
        cursor.execute(statement("signals_merge"))
