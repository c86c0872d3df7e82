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
    503: "PostgreSQL or Kafka cannot answer now; Retry-After says when to ask again",
    504: "The question took longer than 5 seconds and was stopped: ask for less",
}

_USUAL = (401, 422, 503, 504)


def answers(answer: type[msgspec.Struct], *more: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that gives a struct; ``more`` are failures beside the usual ones."""
    good = {"schema": {"$ref": _REF.format(name=answer.__name__)}, "example": examples()[answer.__name__]}
    about = (answer.__doc__ or "").replace("``", "`")
    return {200: {"description": about, "content": {"application/json": good}}, **failures(*more)}


def failures(*more: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route that did not succeed."""
    problem = {"application/problem+json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    return {n: {"description": _FAILURES[n], "content": problem} for n in sorted({*_USUAL, *more})}


def describe(app: FastAPI, structs: Sequence[type[msgspec.Struct]]) -> None:
    """Add the schemas of the answers to what FastAPI finds out itself."""
    document = app.openapi()
    _, schemas = msgspec.json.schema_components([*structs, Problem], ref_template=_REF)
    document.setdefault("components", {}).setdefault("schemas", {}).update(schemas)


def examples() -> dict[str, Any]:
    """An example of each answer, by the name of its struct."""
    return json.loads((files("secure_signal.services.dashboard") / "examples.json").read_bytes())  # type: ignore[no-any-return]
