"""The truth about an attack: what should be found."""

import msgspec

from secure_signal.core import instant
from secure_signal.core.errors import RefusedError


class Label(msgspec.Struct, frozen=True, kw_only=True):
    """One attack: ``start`` and ``end`` are the instants of its first and last signal (microseconds).

    ``user_ids`` are the accounts concerned, ``signal_ids`` the attacker's own signals (not those of a
    victim's ordinary work beside them), ``ip`` the attacker's address where there is only one.
    """

    id: str
    kind: str
    start: int
    end: int
    user_ids: list[str]
    ip: str | None
    signal_ids: list[str]


def encode(label: Label) -> bytes:
    """A label as one JSON object, its instants as RFC 3339."""
    times = {"start": instant.render(label.start), "end": instant.render(label.end)}
    return msgspec.json.encode(msgspec.structs.asdict(label) | times)


def decode(value: bytes) -> Label:
    """One JSON object to a label; RefusedError for anything else."""
    try:
        wire = msgspec.json.decode(value, type=dict[str, object])
        times = {name: instant.parse(str(wire.get(name))) for name in ("start", "end")}
        return msgspec.convert(wire | times, Label)
    except msgspec.DecodeError as error:
        raise RefusedError("", str(error)) from None
