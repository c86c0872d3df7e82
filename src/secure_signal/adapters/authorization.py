"""Who may call: API keys in the Authorization header (RFC 6750) or in X-API-Key."""

import ipaddress
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from secure_signal.adapters.api_keys import PREFIX, Keyring
from secure_signal.core.errors import RetryError
from secure_signal.core.scope import Scope

Authorize = Callable[[HTTPConnection], Awaitable[None]]


def authorize(scope: Scope) -> Authorize:
    """A check, and a FastAPI dependency, that a call carries a key with this scope (or ADMIN).

    The application keeps its Keyring as ``app.state.keyring``; None lets every call through that is made
    to an address or a local name. Raises HTTPException: 401 without a valid key, 403 without the scope,
    421 for another name, 503 when keys cannot be checked.
    """

    async def check(connection: HTTPConnection) -> None:
        keyring: Keyring | None = connection.app.state.keyring
        if keyring is None:
            _refuse_rebinding(connection.url.hostname or "")
            return
        key = _presented(connection)
        if not key:
            raise _challenge(401, "An API key is needed: Authorization: Bearer ssk_...")
        try:
            # What is no key by its form cannot be in the table.
            scopes = await keyring.scopes(key) if key.startswith(PREFIX) else frozenset()
        except RetryError as error:
            raise HTTPException(503, "API keys cannot be checked now.", {"Retry-After": "2"}) from error
        if not scopes:
            raise _challenge(401, "The API key is unknown or revoked.", 'error="invalid_token"')
        if not scopes & {scope, Scope.ADMIN}:
            detail = f"The API key lacks the scope {scope}."
            raise _challenge(403, detail, f'error="insufficient_scope", scope="{scope}"')

    return check


def _presented(connection: HTTPConnection) -> str:
    scheme, _, credentials = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    return connection.headers.get("x-api-key", "")


def _challenge(status: int, detail: str, parameters: str = "") -> HTTPException:
    header = 'Bearer realm="secure-signal"' + (f", {parameters}" if parameters else "")
    return HTTPException(status, detail, {"WWW-Authenticate": header})


def _refuse_rebinding(host: str) -> None:
    """Without keys, a page of any site could call by letting its own name point here (DNS rebinding).

    Such a name has a dot and is no address.
    """
    try:
        ipaddress.ip_address(host)
    except ValueError:
        if "." in host:
            detail = f"Without API keys, {host} is not answered: use an address, or require API keys."
            raise HTTPException(421, detail) from None
