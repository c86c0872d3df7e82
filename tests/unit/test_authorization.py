"""Calls without the right key are turned away as RFC 6750 and RFC 9457 say."""

import time

import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from secure_signal.adapters import problem
from secure_signal.adapters.api_keys import Keyring, Scope
from secure_signal.adapters.authorization import authorize

# A port where nothing listens: every question to this database is an outage.
NOWHERE = "postgresql://127.0.0.1:1/none"


async def _endpoint(request: Request) -> Response:
    await authorize(Scope.WRITE)(request)
    return JSONResponse({})


@pytest.fixture
def client() -> TestClient:
    app = Starlette(routes=[Route("/", _endpoint)], exception_handlers={HTTPException: problem.answer})
    app.state.keyring = Keyring(NOWHERE, time.monotonic)
    return TestClient(app)


def test_no_key_is_challenged(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="secure-signal"'
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 401


@pytest.mark.parametrize("header", ["Bearer nonsense", "bearer nonsense", "Bearer caf\xe9"])
def test_what_is_no_key_by_its_form_is_refused_without_the_database(client: TestClient, header: str) -> None:
    answer = client.get("/", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_an_unknown_key_during_an_outage_is_not_called_wrong(client: TestClient) -> None:
    for header in ({"Authorization": "Bearer ssk_x"}, {"X-API-Key": "ssk_x"}):
        answer = client.get("/", headers=header)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0


def test_without_a_keyring_every_call_passes(client: TestClient) -> None:
    client.app.state.keyring = None  # type: ignore[attr-defined]
    assert client.get("/").status_code == 200
