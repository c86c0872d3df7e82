"""What an operator can ask about dashboard, beside its questions to PostgreSQL and its streams."""

from prometheus_client import Counter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CALLS = Counter("http_requests", "Calls answered, by route and status", ["route", "status"])


class CountCalls:
    """ASGI middleware: counts each answer by its route, of which there are few, and its status."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, and look at the status of what comes back."""

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = getattr(scope.get("route"), "path", "other")
                CALLS.labels(route, str(message["status"])).inc()
            await send(message)

        await self._app(scope, receive, counted if scope["type"] == "http" else send)
