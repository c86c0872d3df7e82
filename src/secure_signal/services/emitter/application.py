"""The HTTP application of signal-emitter: its routes and their documentation."""

import json
from importlib.metadata import version
from importlib.resources import files

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from secure_signal.adapters import probes, problem
from secure_signal.adapters.api_keys import Keyring
from secure_signal.services.emitter.intake import Intake

_MEDIA_TYPES = {"docs.html": "text/html", "docs.js": "text/javascript", "docs.css": "text/css"}


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
            *_documentation(),
            *probes.routes(ready),
        ],
    )
    app.state.keyring = keyring
    described = {**app.openapi(), **json.loads(_resource("openapi.json"))}
    app.openapi = lambda: described  # type: ignore[method-assign]
    return app


def _documentation() -> list[Route]:
    """/docs: a page that shows /openapi.json, with nothing from elsewhere."""

    def serve(name: str) -> Route:
        content = Response(
            _resource(name),
            media_type=_MEDIA_TYPES[name],
            headers={"Content-Security-Policy": "default-src 'self'"},
        )

        async def get(_: Request) -> Response:
            return content

        return Route("/docs" if name == "docs.html" else f"/{name}", get)

    return [serve(name) for name in _MEDIA_TYPES]


def _resource(name: str) -> bytes:
    return (files("secure_signal.services.emitter") / "static" / name).read_bytes()
