"""Windows as bytes and back: how idle ones rest, and what the detector keeps on ``detector-state``.

A resting group is the columns of its window in MessagePack. What is saved of a group is a record: the
digest of its rule, the position up to which it has seen everything, and the columns. Of a window with many
entries the older are in pages, which are saved once and named by their content, so that a record and its
pages fit each other wherever the saving was broken off; the record has the newer ones.
"""

import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from secure_signal.core.detection.metric import Detail
from secure_signal.core.detection.window import PAGE, Terms, Window

_NAME_BYTES = 12
# Up to so many entries, a resting form is made anew as fast as a window that is not in the cache is found.
_MOST_AT_REST = 8


class _Columns(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Entries in their order; marks and details left out when all are empty.

    No users: all are the group's only value. One: it is all entries' user.
    """

    newest: int
    count: int
    times: list[int]
    ids: list[str]
    users: list[str]
    marks: list[int]
    details: list[Detail]


class _Entries(NamedTuple):
    """The columns as a window has them."""

    times: list[int]
    ids: list[str]
    users: list[str]
    marks: list[int]
    details: list[Detail]


class Head(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """The beginning of a resting form: the time of its newest entry, and how many entries it has."""

    newest: int
    count: int


class Record(msgspec.Struct, frozen=True, array_like=True):
    """What is saved of a group; of the first page ``skip`` entries are no longer in the window."""

    digest: str
    position: int
    pages: list[str]
    skip: int
    columns: msgspec.Raw


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Columns).decode
head_of = msgspec.msgpack.Decoder(Head).decode
record_of = msgspec.msgpack.Decoder(Record).decode


def rest_one(time: int, signal_id: str, user_id: str, detail: Detail, own: str) -> bytes:
    """The resting form of a window with one entry, at which the condition does not hold."""
    users = [] if user_id == own else [user_id]
    return _encode(_Columns(time, 1, [time], [signal_id], users, [], [tuple(detail)] if detail else []))


def append(
    terms: Terms, state: bytes, time: int, signal_id: str, user_id: str, detail: Detail, own: str
) -> bytes | None:
    """A resting form with one entry more; None where that takes a window.

    So it does where the entry is not the newest, the condition holds or held, or it becomes one of many.
    """
    columns = _decode(state)
    times, ids, users, details = columns.times, columns.ids, columns.users, columns.details
    if terms.measure is None or time <= columns.newest or columns.marks:
        return None
    stale = bisect_left(times, time - terms.reach)
    if len(times) - stale >= _MOST_AT_REST:
        return None
    if len(users) > 1 or (users[0] if users else own) != user_id:
        users = [*_users(columns, own), user_id]
    if details or detail:
        details = [*(details or [()] * len(ids)), tuple(detail)]
    times.append(time)
    ids.append(signal_id)
    low = bisect_left(times, time - terms.timespan)
    if terms.holds(terms.measure(len(times) - low, details[low:])):
        return None
    if stale:
        times, ids, details = times[stale:], ids[stale:], details[stale:]
        users = users[stale:] if len(users) > 1 else users
    return _encode(_Columns(time, len(times), times, ids, users, [], details))


def rest(window: Window, own: str) -> bytes:
    """The resting form of a window; ``own`` is the group's only value where that is a text, else empty."""
    window.forget()
    return _pack(window, 0, len(window.times), own)


def wake(terms: Terms, state: bytes, own: str) -> Window:
    """The window of a resting form."""
    columns = _decode(state)
    window = Window(terms)
    window.times = columns.times
    window.ids = columns.ids
    window.users = _users(columns, own)
    window.marks = columns.marks
    window.details = [*columns.details] or [()] * len(columns.ids)
    window.resume()
    return window


def record(digest: str, position: int, state: bytes) -> bytes:
    """The record of a resting group."""
    return _encode(Record(digest, position, [], 0, msgspec.Raw(state)))


def records(window: Window, own: str, digest: str, position: int) -> Iterator[tuple[str, bytes]]:
    """New pages of a window by name, then its record, whose name is empty."""
    window.forget()
    start = len(window.pages) * PAGE - window.skip
    while len(window.times) - start >= 2 * PAGE:
        page = _pack(window, start, start + PAGE, own)
        name = hashlib.blake2b(page, digest_size=_NAME_BYTES).hexdigest()
        window.pages.append(name)
        yield name, page
        start += PAGE
    columns = msgspec.Raw(_pack(window, start, len(window.times), own))
    yield "", _encode(Record(digest, position, window.pages, window.skip, columns))


def resting(saved: Record, pages: Iterable[bytes], own: str) -> bytes:
    """The resting form of a group, from its record and its pages."""
    if not saved.pages:
        _decode(saved.columns)
        return bytes(saved.columns)
    parts = [_decode(part) for part in (*pages, saved.columns)]
    joined = _Entries(
        [time for part in parts for time in part.times],
        [signal_id for part in parts for signal_id in part.ids],
        [user for part in parts for user in _users(part, own)],
        [mark for part in parts for mark in part.marks or [0] * len(part.ids)],
        [detail for part in parts for detail in part.details or [()] * len(part.ids)],
    )
    return _pack(joined, saved.skip, len(joined.times), own)


def _pack(entries: "Window | _Entries", start: int, end: int, own: str) -> bytes:
    """Some of the entries."""
    times, users = entries.times[start:end], entries.users[start:end]
    if users.count(users[0]) == len(users):
        users = [] if users[0] == own else users[:1]
    marks, details = entries.marks[start:end], entries.details[start:end]
    return _encode(
        _Columns(
            newest=times[-1],
            count=len(times),
            times=times,
            ids=entries.ids[start:end],
            users=users,
            marks=marks if any(marks) else [],
            details=[tuple(detail) for detail in details] if any(details) else [],
        )
    )


def _users(columns: _Columns, own: str) -> list[str]:
    return columns.users if len(columns.users) > 1 else (columns.users or [own]) * len(columns.ids)
