"""The HTTP server gives up clients that keep it waiting, and only those."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from secure_signal.adapters import http_server
from secure_signal.core.errors import StopError

HEAD_SECONDS = 0.2
HEAD = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n"

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)


async def _call(client: Client, app: ASGIApp = _echo) -> bytes:
    """What a client gets from a server that is impatient."""
    server = uvicorn.Server(http_server._config(app))
    listener = http_server.listen("127.0.0.1", 0)
    listener.listen()
    serving = asyncio.create_task(server._serve([listener]))
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    try:
        return await asyncio.wait_for(client(reader, writer), 10)
    finally:
        writer.close()
        server.should_exit = True
        await serving


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "_HEAD_SECONDS", HEAD_SECONDS)
    monkeypatch.setattr(http_server, "_READ_SECONDS", HEAD_SECONDS)


def test_a_head_that_only_trickles_in_is_given_up() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        async def drip() -> None:
            while True:
                writer.write(b"x")
                await asyncio.sleep(HEAD_SECONDS / 10)

        dripping = asyncio.create_task(drip())
        try:
            return await reader.read()
        except ConnectionError:
            return b""
        finally:
            dripping.cancel()

    assert asyncio.run(_call(trickle)) == b""


def test_so_is_a_client_that_says_nothing() -> None:
    async def wait(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> bytes:
        return await reader.read()

    assert asyncio.run(_call(wait)) == b""


def test_a_body_may_take_its_time_and_a_second_call_as_well() -> None:
    async def slowly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        for _ in range(2):
            writer.write(HEAD)
            await asyncio.sleep(2 * HEAD_SECONDS)
            writer.write(b"body")
            answer = await reader.readuntil(b"body")
            await asyncio.sleep(2 * HEAD_SECONDS)
        return answer

    assert asyncio.run(_call(slowly)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("pieces", [None, 200])
def test_a_client_that_does_not_read_is_cut_off(caplog: pytest.LogCaptureFixture, pieces: int | None) -> None:
    """Whether the answer has an end or not; and no traceback tells of it."""
    ended = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def content() -> AsyncIterator[bytes]:
            for _ in range(pieces or sys.maxsize):
                yield bytes(100_000)
                await asyncio.sleep(0)

        try:
            await StreamingResponse(content())(scope, receive, send)
        finally:
            ended.set()

    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(HEAD + b"body")
        await ended.wait()
        return b""

    asyncio.run(_call(deaf, app))
    assert caplog.records == []


def test_a_slow_reader_gets_all() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def content() -> AsyncIterator[bytes]:
            for _ in range(100):
                yield bytes(100_000)
                await asyncio.sleep(0)

        await StreamingResponse(content())(scope, receive, send)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(HEAD + b"body")
        size = 0
        while size < 10_000_000 and (piece := await reader.read(1_000_000)):
            size += len(piece)
            await asyncio.sleep(HEAD_SECONDS / 100)
        return b"all" if size >= 10_000_000 else b"cut off"

    assert asyncio.run(_call(slow, app)) == b"all"


def test_a_task_that_cannot_go_on_stops_the_service_with_its_own_reason() -> None:
    async def service() -> None:
        async def fail() -> None:
            raise StopError("no way on")

        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    with pytest.raises(StopError, match="no way on"):
        http_server.run(service())
