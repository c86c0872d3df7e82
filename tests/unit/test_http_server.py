"""The HTTP server gives up clients that keep it waiting, and only those."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from secure_signal.adapters import http_server

HEAD_SECONDS = 0.2
HEAD = b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\n"

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[bytes]]


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(await Request(scope, receive).body())(scope, receive, send)


async def _call(client: Client) -> bytes:
    """What a client gets from a server that is impatient."""
    server = uvicorn.Server(http_server._config(_echo))
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
