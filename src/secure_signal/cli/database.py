"""The PostgreSQL of DATABASE_URL, for commands that read what is stored."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from secure_signal.adapters import postgres, settings
from secure_signal.core.errors import RetryError, StopError


@contextmanager
def connected(name: str) -> Iterator[psycopg.Connection]:
    """A connection; StopError where PostgreSQL does not answer, now or while it is used."""
    try:
        with postgres.connect(settings.read().database_url, name) as connection:
            yield connection
    except RetryError as error:
        raise StopError(
            f"{error}\nDATABASE_URL names the database of the signals; "
            'for the running local stack: eval "$(secure-signal env)"'
        ) from error
