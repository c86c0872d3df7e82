"""/docs: a page that shows /openapi.json, with nothing from elsewhere."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_MEDIA_TYPES = {"docs.html": "text/html", "docs.js": "text/javascript", "docs.css": "text/css"}


def routes() -> list[Route]:
    """The page and its two files, to be mounted beside a service's own."""
    return [_route(name) for name in _MEDIA_TYPES]


def _route(name: str) -> Route:
    content = Response(
        (files("secure_signal.adapters") / "static" / name).read_bytes(),
        media_type=_MEDIA_TYPES[name],
        headers={"Content-Security-Policy": "default-src 'self'"},
    )

    async def get(_: Request) -> Response:
        return content

    return Route("/docs" if name == "docs.html" else f"/{name}", get)
