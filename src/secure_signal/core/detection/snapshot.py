"""A window as bytes and back: what the detector keeps on ``detector-state``."""

from array import array
from itertools import pairwise
from typing import Any

import msgspec

from secure_signal.core.detection.correlation import Correlation
from secure_signal.core.detection.window import Window


class _Snapshot(msgspec.Struct, frozen=True, array_like=True):
    """The columns of a window; times as differences, a single user once, marks left out when all are 0."""

    digest: str
    position: int
    first: int
    steps: list[int]
    ids: list[str]
    users: list[str]
    marks: list[int]
    details: list[tuple[Any, ...]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Snapshot).decode


def encode(window: Window) -> bytes:
    """A window in MessagePack."""
    times = window.times
    return _encode(
        _Snapshot(
            digest=window.rule.digest,
            position=window.position,
            first=times[0],
            steps=[later - earlier for earlier, later in pairwise(times)],
            ids=window.ids,
            users=window.users[:1] if len(set(window.users)) == 1 else window.users,
            marks=list(window.marks) if any(window.marks) else [],
            details=[tuple(detail) for detail in window.details] if any(window.details) else [],
        )
    )


def decode(rule: Correlation, state: bytes) -> Window | None:
    """The window of a state; None where it was kept by the rule with another meaning."""
    snapshot = _decode(state)
    if snapshot.digest != rule.digest:
        return None
    window = Window(rule)
    window.position = snapshot.position
    window.times = array("q", [snapshot.first])
    for step in snapshot.steps:
        window.times.append(window.times[-1] + step)
    count = len(window.times)
    window.ids = snapshot.ids
    window.users = snapshot.users * count if len(snapshot.users) == 1 else snapshot.users
    window.marks = array("q", snapshot.marks or [0] * count)
    window.details = list(snapshot.details) or [()] * count
    window.resume()
    return window
