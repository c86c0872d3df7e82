"""The description of the API: schemas and examples of the answers."""

import json
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

import msgspec
from fastapi import FastAPI

_REF = "#/components/schemas/{name}"


class Problem(msgspec.Struct):
    """Why a call failed (RFC 9457); ``errors`` names each parameter at fault."""

    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = []


_FAILURES = {
    401: "An API key or a session is needed",
    404: "There is none",
    422: "A parameter is wrong; `errors` says which, and why",
    503: "PostgreSQL cannot answer now; Retry-After says when to ask again",
    504: "The question took longer than 5 seconds and was stopped: ask for less",
}


def answers(answer: type[msgspec.Struct], *failures: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route."""
    good = {"schema": {"$ref": _REF.format(name=answer.__name__)}, "example": _examples()[answer.__name__]}
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    return {
        200: {"description": (answer.__doc__ or "").replace("``", "`"), "content": {"application/json": good}},
        **{
            n: {"description": _FAILURES[n], "content": problem}
            for n in sorted({401, 422, 503, 504, *failures})
        },
    }


def describe(app: FastAPI, structs: Sequence[type[msgspec.Struct]]) -> None:
    """Add the schemas of the answers to what FastAPI finds out itself."""
    document = app.openapi()
    _, schemas = msgspec.json.schema_components([*structs, Problem], ref_template=_REF)
    document["components"]["schemas"].update(schemas)


def _examples() -> dict[str, Any]:
    return json.loads((files("secure_signal.services.dashboard") / "examples.json").read_bytes())  # type: ignore[no-any-return]
