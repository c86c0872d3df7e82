"""The attacks in made traffic, as PostgreSQL keeps them, and what was found of them."""

from collections.abc import Iterable

import psycopg

from secure_signal.adapters.sqlstate import outages
from secure_signal.adapters.statements import statement
from secure_signal.core.instant import from_datetime, to_datetime
from secure_signal.core.score import Finding
from secure_signal.core.traffic.label import Label


def store(connection: psycopg.Connection, labels: Iterable[Label]) -> None:
    """Store labels in one transaction; one that is known gets new times. RetryError in an outage."""
    rows = [
        {
            "id": label.id,
            "kind": label.kind,
            "start_time": to_datetime(label.start),
            "end_time": to_datetime(label.end),
            "user_ids": label.user_ids,
            "ip": label.ip,
            "signal_ids": label.signal_ids,
        }
        for label in labels
    ]
    with outages(), connection.transaction():
        connection.cursor().executemany(statement("attack_labels_store"), rows)


def between(connection: psycopg.Connection, since: int, until: int) -> tuple[list[Label], set[str]]:
    """Attacks that began between two instants, and the ids of those of their signals that are not stored."""
    labels: list[Label] = []
    missing: set[str] = set()
    with outages():
        rows = connection.execute(statement("attack_labels_between"), _interval(since, until)).fetchall()
    for id_, kind, start, end, user_ids, ip, signal_ids, not_stored in rows:
        label = Label(
            id=id_,
            kind=kind,
            start=from_datetime(start),
            end=from_datetime(end),
            user_ids=user_ids,
            ip=ip,
            signal_ids=signal_ids,
        )
        labels.append(label)
        missing.update(not_stored)
    return labels, missing


def findings(connection: psycopg.Connection, since: int, until: int) -> list[Finding]:
    """What was found at signals between two instants."""
    with outages():
        rows = connection.execute(statement("findings_between"), _interval(since, until)).fetchall()
    return [
        Finding(kind, from_datetime(event), from_datetime(found), ids) for kind, event, found, ids in rows
    ]


def _interval(since: int, until: int) -> dict[str, object]:
    return {"since": to_datetime(since), "until": to_datetime(until)}
