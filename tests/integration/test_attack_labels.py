"""Labels in PostgreSQL, and the score of what is stored there."""

import asyncio
import json
import uuid
from collections.abc import Iterator

import msgspec
import psycopg
import pytest
from typer.testing import CliRunner

from secure_signal.adapters import attack_labels, postgres
from secure_signal.cli import traffic
from secure_signal.core import instant
from secure_signal.core.errors import RetryError
from secure_signal.core.instant import SECOND
from secure_signal.core.traffic.label import Label
from secure_signal.services.emitter.label_outbox import LabelOutbox

pytestmark = pytest.mark.integration
START = instant.parse("2026-05-04T09:00:00Z")


@pytest.fixture
def database(database_url: str) -> Iterator[psycopg.Connection]:
    with postgres.connect(database_url, "test") as connection:
        postgres.migrate(connection)
        yield connection


def attack(start: int = START) -> Label:
    return Label(
        id=str(uuid.uuid4()),
        kind="brute_force",
        start=start,
        end=start + 10 * SECOND,
        user_ids=["alice", "bob"],
        ip="198.19.1.2",
        signal_ids=[str(uuid.uuid4()) for _ in range(3)],
    )


def send(database: psycopg.Connection, label: Label, signal_ids: list[str]) -> None:
    for id_ in signal_ids:
        database.execute(
            "INSERT INTO signals (id, user_id, type, timestamp, payload) VALUES (%s, 'alice', 't', %s, '{}')",
            (id_, instant.to_datetime(label.end)),
        )


def find(database: psycopg.Connection, label: Label) -> None:
    database.execute(
        "INSERT INTO anomalies VALUES (%s, 'alice', %s, 'high', %s, %s, 'r', 'Rule', '{}', %s, 'so', '')",
        (
            uuid.uuid4(),
            label.kind,
            instant.to_datetime(label.end + SECOND),
            instant.to_datetime(label.end),
            json.dumps(label.signal_ids),
        ),
    )


def test_labels_come_back_as_they_were_with_the_signals_that_are_missing(
    database: psycopg.Connection,
) -> None:
    whole, partial, other = attack(), attack(), attack(START + 3600 * SECOND)
    attack_labels.store(database, [whole, partial, other])
    send(database, whole, whole.signal_ids)
    send(database, partial, partial.signal_ids[1:])
    labels, missing = attack_labels.between(database, START - SECOND, START + SECOND)
    assert sorted(label.id for label in labels) == sorted((whole.id, partial.id))
    assert whole in labels
    assert missing == {partial.signal_ids[0]}


def test_a_label_told_again_has_its_new_times(database: psycopg.Connection) -> None:
    first = attack()
    later = msgspec.structs.replace(first, end=first.end + 60 * SECOND)
    attack_labels.store(database, [first])
    attack_labels.store(database, [later])
    assert attack_labels.between(database, START, START)[0] == [later]


def test_what_cannot_be_stored_is_kept_until_it_can(database_url: str) -> None:
    outbox, label = LabelOutbox(database_url), attack()
    outbox.put(label)
    # The table is not there yet: to the outbox that is an outage like any other.
    with pytest.raises(RetryError):
        asyncio.run(outbox.flush())
    with postgres.connect(database_url, "test") as connection:
        postgres.migrate(connection)
        asyncio.run(outbox.flush())
        asyncio.run(outbox.flush())
        assert attack_labels.between(connection, START, START)[0] == [label]


def test_the_score_of_a_database(
    database: psycopg.Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    *whole, stopped = [attack() for _ in range(5)]
    attack_labels.store(database, [*whole, stopped])
    send(database, stopped, stopped.signal_ids[:1])
    for label in whole:
        send(database, label, label.signal_ids)
    for label in whole[:2]:
        find(database, label)
    monkeypatch.setenv("DATABASE_URL", database_url)
    arguments = ["score", "--since", instant.render(START), "--json"]
    result = CliRunner().invoke(traffic.app, [*arguments, "--min-recall", "0.5"])
    assert result.exit_code == 0, result.output
    total = json.loads(result.stdout)["total"]
    assert (total["attacks"], total["found"], total["left_out"]) == (4, 2, 1)
    assert total["since_completing"] == {"median": 1.0, "p95": 1.0}
    assert CliRunner().invoke(traffic.app, [*arguments, "--min-recall", "0.6"]).exit_code == 1
