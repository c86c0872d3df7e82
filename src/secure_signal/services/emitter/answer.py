"""What a sender is told about its signals."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from secure_signal.adapters import problem


class Accepted(msgspec.Struct, gc=False):
    """A signal that the broker acknowledged, and where it is."""

    index: int
    id: str
    partition: int
    offset: int


class Refused(msgspec.Struct, gc=False):
    """A signal that will never be accepted as it is; ``field`` is empty when the whole of it is wrong."""

    index: int
    field: str
    reason: str


class Unacknowledged(msgspec.Struct, gc=False):
    """A signal of which it is not known whether the broker has it: to be sent again with this id."""

    index: int
    id: str


def accepted(accepted: Sequence[Accepted], refused: Sequence[Refused]) -> Response:
    """202: every signal that is not listed as refused is with the broker."""
    document = {"accepted": accepted, "refused": refused}
    return Response(msgspec.json.encode(document), 202, media_type="application/json")


def none_valid(refused: Sequence[Refused]) -> Response:
    """422: there is nothing to accept."""
    detail = "No signal is valid." if refused else "There is no signal in the body."
    return problem.response(422, detail, refused=refused)


def unacknowledged(
    detail: str, accepted: Sequence[Accepted], refused: Sequence[Refused], lost: Sequence[Unacknowledged]
) -> Response:
    """503: some signals, or all, have to be sent again with the same ids."""
    return problem.response(
        503, detail, {"Retry-After": "2"}, accepted=accepted, refused=refused, unacknowledged=lost
    )
