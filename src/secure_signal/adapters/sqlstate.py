"""What an error of PostgreSQL says about what was sent: bad for ever, or an outage."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from secure_signal.core.errors import RetryError


def refuses(error: psycopg.Error) -> bool:
    """Whether PostgreSQL will never take these rows (its documentation, appendix A, gives the classes).

    22 is bad data; 54 a limit of the program, as a depth or a size; 23 a violated constraint, unless it
    has no name: then a partition was added under an open COPY, and the next attempt finds it.
    """
    if isinstance(error, errors.IntegrityError):
        return error.diag.constraint_name is not None
    return isinstance(error, errors.DataError) or (error.sqlstate or "").startswith("54")


@contextmanager
def outages() -> Iterator[None]:
    """Raise RetryError for whatever PostgreSQL reports inside."""
    try:
        yield
    except psycopg.Error as error:
        raise RetryError(f"PostgreSQL: {str(error).strip() or type(error).__name__}") from error
