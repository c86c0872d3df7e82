"""The HTTP server of a service that has an API: bounded against slow clients, stopped by a signal."""

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from secure_signal.core.errors import StopError

# Longer than any answer takes; what is not answered by then is cut off.
_GRACE_SECONDS = 15

# A client has this long to send the head of a call; uvicorn itself would wait for ever.
_HEAD_SECONDS = 10

# A client has this long to read what waits for it, a few MB at most; else it is cut off.
_READ_SECONDS = 60

_log = structlog.get_logger()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, end_streams: Callable[[], Awaitable[None]]) -> None:
        super().__init__(config)
        self._end_streams = end_streams

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._end_streams()
        await super().shutdown(sockets)


async def _no_streams() -> None:
    """Nothing to end."""


def run(service: Coroutine[Any, Any, None]) -> None:
    """Run a service to its end; StopError when the process cannot go on, out of its group of tasks."""
    try:
        asyncio.run(service)
    except ExceptionGroup as group:
        if stop := group.subgroup(StopError):
            raise stop.exceptions[0] from None
        raise


async def serve(
    app: ASGIApp, host: str, port: int, end_streams: Callable[[], Awaitable[None]] = _no_streams
) -> None:
    """Serve until SIGTERM or SIGINT, then take no new calls, answer those in hand, and return.

    ``end_streams`` ends the answers that have no end of their own. StopError where the port cannot be had.
    """
    listener = listen(host, port)
    # uvicorn raises a signal that stopped it once more, for whoever handled it before: nobody does.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    _log.info("listening", host=host, port=listener.getsockname()[1])
    await _Server(_config(app), end_streams).serve([listener])


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=_Impatient,
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes calls; StopError says which port cannot be had, and the way out."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio turns Nagle's algorithm off: without it an answer of two packets
    # waits 40 ms for the other side's delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise StopError(
            f"{host}:{port} cannot be listened on: {error.strerror}. "
            "Stop what uses it, or choose another by SECURE_SIGNAL_HTTP_HOST and SECURE_SIGNAL_HTTP_PORT."
        ) from error
    return listener


class _Impatient(H11Protocol):
    """uvicorn's protocol, which also gives up a client that keeps it waiting.

    That is one that does not get through with a call's head, or does not read the answer.
    """

    _head_due: asyncio.TimerHandle | None = None
    _read_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stop_waiting_for_head()
        self._stop_waiting_for_reader()

    def pause_writing(self) -> None:
        super().pause_writing()
        # Closing would wait for what is not read.
        self._read_due = self.loop.call_later(_READ_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_waiting_for_reader()

    def _wait_for_head(self) -> None:
        """Start the clock when a head is due, stop it when the call has begun."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop_waiting_for_head()
        elif self._head_due is None:
            self._head_due = self.loop.call_later(_HEAD_SECONDS, self.transport.close)

    def _stop_waiting_for_head(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _stop_waiting_for_reader(self) -> None:
        if self._read_due is not None:
            self._read_due.cancel()
            self._read_due = None
