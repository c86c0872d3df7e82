"""The HTTP server of a service that has an API: bounded against slow clients, stopped by a signal."""

import signal
import socket

import structlog
import uvicorn
from starlette.types import ASGIApp

from secure_signal.core.errors import StopError

# Longer than any answer takes; what is not answered by then is cut off.
_GRACE_SECONDS = 15

_log = structlog.get_logger()


async def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then take no new calls, answer those in hand, and return.

    StopError where the port cannot be had.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, timeout_graceful_shutdown=_GRACE_SECONDS, server_header=False
    )
    # uvicorn raises a signal that stopped it once more, for whoever handled it before: nobody does.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    _log.info("listening", host=host, port=listener.getsockname()[1])
    await uvicorn.Server(config).serve([listener])


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise StopError(
            f"{host}:{port} cannot be listened on: {error.strerror}. "
            "Stop what uses it, or choose another by SECURE_SIGNAL_HTTP_HOST and SECURE_SIGNAL_HTTP_PORT."
        ) from error
