"""API keys: made once, known by their digest, checked against a recent copy of the table."""

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from secure_signal.adapters import postgres
from secure_signal.adapters.statements import statement
from secure_signal.core.errors import RetryError
from secure_signal.core.scope import Scope

PREFIX = "ssk_"
SECRET_BYTES = 32

# How long a copy of the table serves without asking PostgreSQL (a revoked key works so much longer),
# and how long while PostgreSQL cannot be asked.
_FRESH_SECONDS = 5.0
_STALE_SECONDS = 15 * 60.0
# How long PostgreSQL has to answer, and how long a failed question stands for the next ones.
_ANSWER_SECONDS = 2.0
_OUTAGE_SECONDS = 1.0


@dataclass(frozen=True)
class ApiKey:
    """A key as it is listed, without its secret."""

    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


def create(
    connection: psycopg.Connection, name: str, scopes: Iterable[Scope], secret: bytes
) -> tuple[str, str]:
    """Store a new key made of SECRET_BYTES random bytes; returns its id and the key, once."""
    key = PREFIX + urlsafe_b64encode(secret).rstrip(b"=").decode()
    digest = digest_of(key)
    key_id = digest.hex()[:12]
    row = {"id": key_id, "digest": digest, "name": name, "scopes": sorted(set(scopes))}
    connection.execute(statement("api_keys_create"), row)
    return key_id, key


def listed(connection: psycopg.Connection) -> list[ApiKey]:
    """All keys, revoked ones too, the oldest first."""
    return connection.cursor(row_factory=class_row(ApiKey)).execute(statement("api_keys_list")).fetchall()


def revoke(connection: psycopg.Connection, key_id: str) -> bool:
    """Make a key useless; False where there is none of this id."""
    return connection.execute(statement("api_keys_revoke"), {"id": key_id}).rowcount == 1


def digest_of(key: str) -> bytes:
    """What is kept of a key."""
    # A slow, salted hash protects secrets that can be guessed. Nobody guesses 256 random bits, so one
    # SHA-256 is as safe, fast enough for each request, and lets the key be found by its digest.
    return hashlib.sha256(key.encode()).digest()


class Keyring:
    """The valid keys, copied from PostgreSQL when needed, by one question at a time.

    A key that the copy has not is looked for in a newer copy before it is called unknown, so a key
    works at once after its creation, and any number of wrong keys costs one small query at a time.
    """

    def __init__(self, database_url: str, clock: Callable[[], float]) -> None:
        """``clock`` tells seconds and never runs backwards (time.monotonic)."""
        postgres.check(database_url)
        self._url = database_url
        self._clock = clock
        self._scopes: Mapping[bytes, frozenset[Scope]] = {}
        self._read_at = float("-inf")
        self._failed_at = float("-inf")
        self._failure = ""
        self._reading = asyncio.Lock()
        self._connection: psycopg.AsyncConnection | None = None

    async def scopes(self, key: str) -> frozenset[Scope]:
        """What a key may do: nothing when it is unknown.

        RetryError where that cannot be told, because PostgreSQL does not answer and the key was not
        among the valid ones during the last minutes.
        """
        digest, now = digest_of(key), self._clock()
        known = self._scopes.get(digest)
        if known is not None and now - self._read_at < _FRESH_SECONDS:
            return known
        try:
            await self._refresh(now)
        except RetryError:
            if known is None or now - self._read_at > _STALE_SECONDS:
                raise
            return known
        return self._scopes.get(digest, frozenset())

    async def _refresh(self, since: float) -> None:
        """Have a copy that was read at ``since`` or later."""
        async with self._reading:
            if self._read_at >= since:
                return
            now = self._clock()
            if now - self._failed_at < _OUTAGE_SECONDS:
                raise RetryError(self._failure)
            try:
                self._scopes, self._read_at = await self._read(), now
            except RetryError as error:
                self._failed_at, self._failure = self._clock(), str(error)
                raise

    async def _read(self) -> dict[bytes, frozenset[Scope]]:
        """The scopes of each key that is not revoked, by the key's digest."""
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                if self._connection is None:
                    self._connection = await psycopg.AsyncConnection.connect(
                        self._url, autocommit=True, application_name="api-keys"
                    )
                cursor = await self._connection.execute(statement("api_keys_valid"))
                return {bytes(digest): frozenset(map(Scope, scopes)) async for digest, scopes in cursor}
        except (psycopg.Error, TimeoutError) as error:
            await self.close()
            raise RetryError(f"PostgreSQL cannot be asked for API keys: {error}") from error

    async def close(self) -> None:
        """Let the connection go."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
