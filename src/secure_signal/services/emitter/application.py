"""The HTTP application of signal-emitter: its routes and their documentation."""

import json
from importlib.metadata import version
from importlib.resources import files

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.routing import Route

from secure_signal.adapters import api_docs, probes, problem
from secure_signal.adapters.api_keys import Keyring
from secure_signal.services.emitter.intake import Intake


def create(intake: Intake, keyring: Keyring | None, ready: probes.Readiness) -> FastAPI:
    """The application; a keyring of None means that calls need no key."""
    app = FastAPI(
        title="Secure Signal: signal-emitter",
        version=version("secure-signal"),
        docs_url=None,
        redoc_url=None,
        exception_handlers={HTTPException: problem.answer},
        # The hot route is Starlette's own: FastAPI's handling of a call would cost it a third.
        routes=[
            Route("/v1/signals", intake.post, methods=["POST"]),
            *api_docs.routes(),
            *probes.routes(ready),
        ],
    )
    app.state.keyring = keyring
    described = {**app.openapi(), **json.loads(_resource("openapi.json"))}
    app.openapi = lambda: described  # type: ignore[method-assign]
    return app


def _resource(name: str) -> bytes:
    return (files("secure_signal.services.emitter") / "static" / name).read_bytes()
