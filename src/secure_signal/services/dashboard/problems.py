"""Each kind of failure as the answer it gets (RFC 9457)."""

from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from secure_signal.adapters import constraint, problem
from secure_signal.adapters.read_pool import AskLessError
from secure_signal.core.errors import RefusedError, RetryError

_RETRY_SECONDS = "2"

_log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """Answer every failure of a call with a problem."""
    app.add_exception_handler(HTTPException, problem.answer)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RetryError, _unavailable)
    app.add_exception_handler(AskLessError, _too_much)
    app.add_exception_handler(Exception, _failed)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (what it is registered for)
    return _wrong([(str(e["loc"][-1]), constraint.reason(e)) for e in error.errors()])


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)  # noqa: S101
    return _wrong([(error.field, error.reason)])


def _wrong(found: list[tuple[str, str]]) -> Response:
    errors: list[dict[str, Any]] = [{"field": field, "reason": reason} for field, reason in found]
    return problem.response(422, "; ".join(f"{field}: {reason}" for field, reason in found), errors=errors)


async def _unavailable(request: Request, error: Exception) -> Response:
    _log.warning("cannot answer", path=request.url.path, reason=str(error))
    detail = "PostgreSQL cannot answer now. Ask again."
    return problem.response(503, detail, {"Retry-After": _RETRY_SECONDS})


async def _too_much(_: Request, error: Exception) -> Response:
    return problem.response(504, f"{error} Ask for less: a user_id, or a shorter time by since and until.")


async def _failed(_: Request, __: Exception) -> Response:
    # The server's log has the error.
    return problem.response(500, "This is a fault of the service; its log tells more.")
