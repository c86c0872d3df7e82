"""The body of a call: read within bounds, decompressed within the same bounds."""

import asyncio
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.exceptions import HTTPException
from starlette.requests import Request

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_BYTES = 10_000_000
MAX_SECONDS = 30.0
CODINGS = ("gzip", "zstd")

# The window a decoder has to support (RFC 8878 3.1.1.1.2); a frame may not ask for more memory.
_ZSTD_WINDOW: dict[int, int] = {zstd.DecompressionParameter.window_log_max: 23}


class Backlog:
    """Bytes of all bodies that were taken in and not answered yet: bounds the memory of the process."""

    def __init__(self, limit: int) -> None:
        self.held = 0
        self._limit = limit

    @contextmanager
    def share(self) -> Iterator["Share"]:
        """One call's part of the backlog, given back at its end."""
        part = Share(self)
        try:
            yield part
        finally:
            self.held -= part.held

    def full(self, more: int) -> bool:
        """Whether so many bytes more are too many."""
        return self.held + more > self._limit


class Share:
    """What one call holds of the backlog, in bytes."""

    def __init__(self, backlog: Backlog) -> None:
        self.held = 0
        self._backlog = backlog

    def hold(self, size: int) -> None:
        """Take ``size`` bytes more; HTTPException 429 where the backlog is full."""
        if self._backlog.full(size):
            raise HTTPException(429, "Too much is being taken in at once.", {"Retry-After": "1"})
        self._backlog.held += size
        self.held += size


async def read(request: Request, share: Share) -> bytes:
    """The decompressed body, of at most MAX_BYTES before and after; HTTPException for what is none."""
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", *CODINGS):
        detail = f"The Content-Encoding must be one of {', '.join(CODINGS)}, not {coding!r}."
        raise HTTPException(415, detail, {"Accept-Encoding": ", ".join(CODINGS)})
    raw = await _receive(request, share)
    if coding == "identity":
        return raw
    plain = await asyncio.to_thread(inflate, raw, coding)
    share.hold(len(plain))
    return plain


async def _receive(request: Request, share: Share) -> bytes:
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > MAX_BYTES:
        raise _too_large()
    received = bytearray()
    try:
        async with asyncio.timeout(MAX_SECONDS):
            async for chunk in request.stream():
                share.hold(len(chunk))
                received += chunk
                if len(received) > MAX_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise HTTPException(408, f"The body did not arrive within {MAX_SECONDS:.0f} s.") from None
    return bytes(received)


def inflate(raw: bytes, coding: str) -> bytes:
    """Decompress, never more than one byte beyond MAX_BYTES; HTTPException 400 or 413."""
    source = io.BytesIO(raw)
    opened = (
        gzip.GzipFile(fileobj=source) if coding == "gzip" else zstd.ZstdFile(source, options=_ZSTD_WINDOW)
    )
    try:
        plain = opened.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, zstd.ZstdError) as error:
        raise HTTPException(400, f"The body is no intact {coding}: {error}") from None
    if len(plain) > MAX_BYTES:
        raise _too_large()
    return plain


def _too_large() -> HTTPException:
    return HTTPException(413, f"The body must have at most {MAX_BYTES} bytes, compressed or not.")
