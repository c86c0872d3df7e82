"""API keys in a real database: made and revoked by the command, known to a keyring for a while."""

import asyncio
import json
from collections.abc import Iterator

import psycopg
import pytest
from typer.testing import CliRunner

from secure_signal.adapters import api_keys, postgres
from secure_signal.adapters.api_keys import Keyring
from secure_signal.cli import app
from secure_signal.core.errors import RetryError
from secure_signal.core.scope import Scope

pytestmark = pytest.mark.integration

WRITE = frozenset({Scope.WRITE})


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with postgres.connect(database_url, "test") as connection:
        postgres.migrate(connection)
        yield connection


def test_the_command_makes_lists_and_revokes(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "120")
    runner = CliRunner()
    created = runner.invoke(app, ["keys", "create", "--name", "shop", "--scope", "write", "--scope", "read"])
    assert created.exit_code == 0
    key = created.stdout.strip()
    assert key.startswith("ssk_")
    listed = runner.invoke(app, ["keys", "list"]).stdout
    assert "shop" in listed
    assert "read write" in listed
    assert key not in listed
    key_id = api_keys.digest_of(key).hex()[:12]
    told = [json.loads(line) for line in runner.invoke(app, ["keys", "list", "--json"]).stdout.splitlines()]
    (shop,) = [each for each in told if each["id"] == key_id]
    assert (shop["name"], shop["scopes"], shop["revoked_at"]) == ("shop", ["read", "write"], None)
    assert runner.invoke(app, ["keys", "revoke", key_id]).exit_code == 0
    assert runner.invoke(app, ["keys", "revoke", "unknown"]).exit_code != 0
    assert asyncio.run(_scopes(Keyring(database_url, lambda: 0), key)) == frozenset()


async def _scopes(keyring: Keyring, key: str) -> frozenset[Scope]:
    try:
        return await keyring.scopes(key)
    finally:
        await keyring.close()


def test_a_keyring_forgets_a_revoked_key_and_knows_a_new_one_at_once(
    database_url: str, connection: psycopg.Connection
) -> None:
    now = 0.0
    keyring = Keyring(database_url, lambda: now)
    old_id, old = api_keys.create(connection, "old", WRITE, bytes(32))

    async def follow() -> None:
        nonlocal now
        assert await keyring.scopes(old) == WRITE
        now += 0.001
        _, new = api_keys.create(connection, "new", WRITE, b"n" * 32)
        assert await keyring.scopes(new) == WRITE
        api_keys.revoke(connection, old_id)
        now += 5
        assert await keyring.scopes(old) == frozenset()
        await keyring.close()

    asyncio.run(follow())


def test_an_outage_is_bridged_for_known_keys_and_not_for_ever(
    database_url: str, connection: psycopg.Connection
) -> None:
    now = 0.0
    keyring = Keyring(database_url, lambda: now)
    _, known = api_keys.create(connection, "known", WRITE, bytes(32))

    async def follow() -> None:
        nonlocal now
        assert await keyring.scopes(known) == WRITE
        connection.execute("ALTER TABLE api_keys RENAME TO away")
        now += 600
        assert await keyring.scopes(known) == WRITE
        with pytest.raises(RetryError):
            await keyring.scopes("ssk_unknown")
        now += 600
        with pytest.raises(RetryError):
            await keyring.scopes(known)
        connection.execute("ALTER TABLE away RENAME TO api_keys")
        now += 2
        assert await keyring.scopes(known) == WRITE
        assert await keyring.scopes("ssk_unknown") == frozenset()
        await keyring.close()

    asyncio.run(follow())


def test_many_calls_with_unknown_keys_share_a_question(
    database_url: str, connection: psycopg.Connection
) -> None:
    keyring = Keyring(database_url, lambda: 0.0)

    async def storm() -> list[frozenset[Scope]]:
        try:
            return await asyncio.gather(*(keyring.scopes(f"ssk_{n}") for n in range(100)))
        finally:
            connection.execute("ALTER TABLE api_keys RENAME TO away")
            # The copy serves: no further question is asked at the same moment.
            assert await keyring.scopes("ssk_again") == frozenset()
            await keyring.close()

    assert set(asyncio.run(storm())) == {frozenset()}
