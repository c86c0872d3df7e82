"""Who may read: a caller with an API key, or a person's browser with a session opened by one."""

import secrets

import msgspec
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from secure_signal.adapters import sessions
from secure_signal.adapters.authorization import authorize
from secure_signal.adapters.read_pool import ReadPool
from secure_signal.core.scope import Scope

# Cookies of one host are shared by all its ports.
_COOKIE = "secure_signal_session"
_MAX_BODY = 1024

_authorize = authorize(Scope.READ)

router = APIRouter()


class Opening(msgspec.Struct):
    """What a browser sends to open a session."""

    key: str


async def reader(connection: HTTPConnection) -> None:
    """Let a caller pass who may read; HTTPException otherwise."""
    token = connection.cookies.get(_COOKIE)
    if token is None or connection.app.state.keyring is None:
        await _authorize(connection)
    elif not await sessions.is_valid(connection.app.state.live, token):
        raise HTTPException(401, "The session is over: open another with an API key.")


@router.get("/session", responses={401: {"description": "A session or an API key is needed"}})
async def show(request: Request) -> dict[str, bool]:
    """Whether this browser may read, and whether that is because it has a session."""
    await reader(request)
    return {"session": request.app.state.keyring is not None}


@router.post("/session", status_code=204)
async def open_session(request: Request) -> Response:
    """Open a session with an API key that may read: `{"key": "ssk_..."}`. It lasts 12 hours."""
    opening = await _opening(request)
    token = secrets.token_urlsafe(32)
    pool: ReadPool = request.app.state.live
    if not await sessions.open_for(pool, opening.key, token):
        raise HTTPException(401, "The API key is unknown or revoked, or may not read.")
    answer = Response(status_code=204)
    answer.set_cookie(
        _COOKIE,
        token,
        max_age=int(sessions.LIFETIME.total_seconds()),
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return answer


@router.delete("/session", status_code=204)
async def close_session(request: Request) -> Response:
    """Close this browser's session."""
    if token := request.cookies.get(_COOKIE):
        await sessions.close(request.app.state.live, token)
    answer = Response(status_code=204)
    answer.delete_cookie(_COOKIE, httponly=True, samesite="strict")
    return answer


async def _opening(request: Request) -> Opening:
    # A form of another site can send no JSON without being asked first (Fetch Standard, 3.2).
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415, "The key is to be sent as application/json.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise HTTPException(413, f"At most {_MAX_BODY} bytes.")
    try:
        return msgspec.json.decode(body, type=Opening)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise HTTPException(422, 'The body is to be {"key": "ssk_..."}.') from None
