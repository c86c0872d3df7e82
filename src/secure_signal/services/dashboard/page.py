"""The page for people, and what a browser is told not to do with it."""

from importlib.resources import files
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def static() -> StaticFiles:
    """The page's files; ``/`` is index.html."""
    return StaticFiles(directory=Path(str(files("secure_signal.services.dashboard") / "static")), html=True)


class Headers:
    """ASGI middleware: the same strict headers on every answer; no cache keeps what users did."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, and add to the headers of what comes back."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                # The page's files are asked for anew each time, and mostly not sent again (ETag).
                headers["Cache-Control"] = "no-store" if "etag" not in headers else "no-cache"
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)
