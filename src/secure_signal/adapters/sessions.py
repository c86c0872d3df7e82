"""Sessions of people in the browser, opened with an API key and ending with it."""

import hashlib
from datetime import timedelta

from secure_signal.adapters import api_keys
from secure_signal.adapters.read_pool import ReadPool

LIFETIME = timedelta(hours=12)


async def open_for(pool: ReadPool, key: str, token: str) -> bool:
    """Let ``token`` (256 random bits, as text) stand for a key; False for a key that may not read."""
    params = {"digest": _digest(token), "key_digest": api_keys.digest_of(key), "lifetime": LIFETIME}
    return await pool.change("session_open", params) == 1


async def is_valid(pool: ReadPool, token: str) -> bool:
    """Whether a session of this token is open, and its key still good."""
    return bool(await pool.fetch("session_valid", {"digest": _digest(token)}))


async def close(pool: ReadPool, token: str) -> None:
    """End the session of this token, if there is one."""
    await pool.change("session_close", {"digest": _digest(token)})


def _digest(token: str) -> bytes:
    # As with keys: nobody guesses 256 random bits, so one SHA-256 hides them well enough.
    return hashlib.sha256(token.encode()).digest()
