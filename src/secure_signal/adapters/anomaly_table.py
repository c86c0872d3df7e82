"""Anomalies into PostgreSQL, each once."""

from collections.abc import Sequence

import msgspec
import psycopg

from secure_signal.adapters.statements import statement
from secure_signal.core import anomaly, instant
from secure_signal.core.errors import RefusedError

Row = dict[str, object]


def row(value: bytes) -> Row:
    """A record's value to a row; RefusedError where it is no anomaly."""
    try:
        found = anomaly.decode(value)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusedError("", f"no anomaly: {error}") from None
    return msgspec.structs.asdict(found) | {
        "event_time": instant.to_datetime(instant.parse(found.event_time)),
        "detection_timestamp": instant.to_datetime(instant.parse(found.detection_timestamp)),
        "group": msgspec.json.encode(found.group).decode(),
        "evidence": msgspec.json.encode(found.evidence).decode(),
    }


def merge(connection: psycopg.Connection, rows: Sequence[Row]) -> None:
    """Add the rows that are not stored yet, all or none; psycopg.Error of any kind."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(statement("anomalies_insert"), rows)
