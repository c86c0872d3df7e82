"""What an operator asks every service: /healthz, /readyz and /metrics."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from secure_signal.adapters import http_server

Readiness = Callable[[], str]
"""Why the service cannot work now; empty when it can."""


def routes(ready: Readiness) -> list[Route]:
    """The three routes, to be mounted beside a service's own."""

    def healthz(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    def readyz(_: Request) -> Response:
        reason = ready()
        if reason:
            return JSONResponse({"status": "unavailable", "reason": reason}, status_code=503)
        return JSONResponse({"status": "ok"})

    def metrics(_: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


@contextmanager
def serving(ready: Readiness, host: str, port: int) -> Iterator[None]:
    """Serve the three routes from a thread, for a service that has no HTTP of its own.

    StopError where the port cannot be had.
    """
    listener = http_server.listen(host, port)
    server = uvicorn.Server(uvicorn.Config(Starlette(routes=routes(ready)), log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listener],), name="probes", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=5)
