"""A small load client: batches of signals over a few HTTP connections, each kept busy."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import msgspec

from secure_signal.core import identity, instant

_CONNECTIONS = 8
_TYPES = ("auth.login", "auth.logout", "file.download", "file.upload", "payment.transfer")


def signals(number: int, seed: int) -> Iterator[bytes]:
    """JSON of signals of today's first hours (UTC), one a millisecond, by 10,000 users."""
    whims = Random(seed)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for i in range(number):
        moment = instant.from_datetime(midnight + timedelta(milliseconds=i))
        yield msgspec.json.encode(
            {
                "id": identity.uuid7(moment, whims.getrandbits(74)),
                "user_id": f"user-{whims.randrange(10_000):05}",
                "type": whims.choice(_TYPES),
                "timestamp": instant.render(moment),
                "payload": {
                    "source_ip": f"203.0.113.{whims.randrange(256)}",
                    "country": whims.choice(("DE", "FR", "US", "BR")),
                    "device_id": f"{whims.getrandbits(64):016x}",
                    "user_agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                    "outcome": "success" if whims.random() < 0.97 else "failure",
                    "bytes": whims.randrange(1_000_000),
                },
            }
        )


def post(host: str, port: int, bodies: Sequence[bytes], progress: Callable[[], None]) -> float:
    """Send every body and wait for its 202; the seconds it took. RuntimeError at any other answer."""
    return asyncio.run(_post(host, port, bodies, progress))


async def _post(host: str, port: int, bodies: Sequence[bytes], progress: Callable[[], None]) -> float:
    waiting = iter(bodies)
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(_CONNECTIONS):
            group.create_task(_send(host, port, waiting, progress))
    return time.perf_counter() - started


async def _send(host: str, port: int, bodies: Iterator[bytes], progress: Callable[[], None]) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    for body in bodies:
        head = (
            f"POST /v1/signals HTTP/1.1\r\nHost: {host}:{port}\r\n"
            f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 202"):
            raise RuntimeError(f"signal-emitter answered {answer.splitlines()[0].decode()}")
        length = answer.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
        await reader.readexactly(int(length))
        progress()
    writer.close()
