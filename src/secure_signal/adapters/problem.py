"""Answers to calls that failed: problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


def response(status: int, detail: str, headers: dict[str, str] | None = None, **members: Any) -> Response:
    """A problem without a type of its own: its title is the status' phrase (RFC 9457 4.2.1)."""
    document = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}
    return Response(msgspec.json.encode(document), status, headers, MEDIA_TYPE)


async def answer(_: Request, error: Exception) -> Response:
    """The exception handler of an application for HTTPException."""
    assert isinstance(error, HTTPException)  # noqa: S101 (what it is registered for)
    return response(error.status_code, str(error.detail), dict(error.headers or {}))
