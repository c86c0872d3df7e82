"""The calls that a service with an API answered, for its operator."""

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CALLS = Counter("http_requests", "Calls answered, by route and status", ["route", "status"])


class CountCalls:
    """ASGI middleware: counts each answer by its status and route, which is empty unless it is FastAPI's."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, and look at the status of what comes back."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "")
                CALLS.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)
