"""Calls without the right key are turned away as RFC 6750 and RFC 9457 say."""

import asyncio
import time

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from secure_signal.adapters import problem
from secure_signal.adapters.api_keys import Keyring
from secure_signal.adapters.authorization import authorize
from secure_signal.core.scope import Scope

# A port where nothing listens: every question to this database is an outage.
NOWHERE = "postgresql://127.0.0.1:1/none"


async def _endpoint(request: Request) -> Response:
    await authorize(Scope.WRITE)(request)
    return JSONResponse({})


def _call(headers: dict[str, str] | None = None, *, keys: bool = True) -> httpx.Response:
    app = Starlette(routes=[Route("/", _endpoint)], exception_handlers={HTTPException: problem.answer})
    app.state.keyring = Keyring(NOWHERE, time.monotonic) if keys else None
    raw = [(name.encode(), value.encode("latin-1")) for name, value in (headers or {}).items()]

    async def call() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            return await client.get("/", headers=raw)

    return asyncio.run(call())


def test_no_key_is_challenged() -> None:
    answer = _call()
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="secure-signal"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401


@pytest.mark.parametrize("header", ["Bearer nonsense", "bearer nonsense", "Bearer caf\xe9"])
def test_what_is_no_key_by_its_form_is_refused_without_the_database(header: str) -> None:
    answer = _call({"Authorization": header})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_an_unknown_key_during_an_outage_is_not_called_wrong() -> None:
    for header in ({"Authorization": "Bearer ssk_x"}, {"X-API-Key": "ssk_x"}):
        answer = _call(header)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("signal-emitter", 200),
        ("10.0.0.7:8000", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("evil.example:8000", 421),
        ("10.0.0.7.evil.example", 421),
        ("localhost.", 421),
    ],
)
def test_without_a_keyring_no_name_of_another_site_is_answered(host: str, status: int) -> None:
    assert _call({"Host": host}, keys=False).status_code == status
    assert _call({"Host": host}).status_code == 401
