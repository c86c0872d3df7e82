"""Windows at rest: as bytes, a tenth of what they take awake, that new entries are added to at the end.

A head tells the time of the newest entry, how many places all take, and at how many entries some may be of
no use. The entries are an array of MessagePack, each of them its time, its id (``signal_id``), its user (nil
where that is ``own``, the group's only value), its detail and its mark. ``own`` is None where the group is
not one text.
"""

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from struct import Struct
from typing import Any, TypeAlias

import msgspec

from secure_signal.core.detection.windowing import pages, signal_id, tally
from secure_signal.core.detection.windowing.metric import Detail
from secure_signal.core.detection.windowing.signal_id import pack
from secure_signal.core.detection.windowing.terms import Terms
from secure_signal.core.detection.windowing.window import Window

# msgspec has no type for what is a text or bytes: an id.
Entry: TypeAlias = tuple[int, Any, str | None, Sequence[Any], int]

# Newest time, places, when to look for entries of no use, and the head of an array of up to 65,535.
_HEAD = Struct(">qHHBH")
_ARRAY = 0xDC
_ARRAY_AT = 12
_SMALLEST_TIDYING = 8

_time = itemgetter(0)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Entry]).decode
_read_head, _write_head = _HEAD.unpack_from, _HEAD.pack
_ENTRIES_AT = _HEAD.size


def one(time: int, name: str, user_id: str, detail: Detail, own: str | None) -> bytes:
    """The form of a window with one entry, at which the condition does not hold."""
    entry = (time, pack(name), None if user_id == own else user_id, detail, 0)
    return _write_head(time, len(detail) or 1, _SMALLEST_TIDYING, _ARRAY, 1) + _encode(entry)


def append(
    terms: Terms, state: bytes, time: int, name: str, user_id: str, detail: Detail, own: str | None
) -> bytes | None:
    """A form with one entry more; None where that takes a window.

    So it does where the entry is not the newest, the condition may hold, it becomes one of many, or something
    that was told is to be dropped.
    """
    newest, places, tidy_at, _, count = _read_head(state)
    places += len(detail) or 1
    if time <= newest or places >= terms.calm:
        return None
    entry = (time, pack(name), None if user_id == own else user_id, detail, 0)
    if count >= tidy_at:
        entries = read(state)
        start = bisect_left(entries, time - terms.reach, key=_time)
        # What was told has its say in what goes on after it.
        is_silent = not any(mark for *_, mark in entries[:start])
        return of([*entries[start:], entry]) if is_silent and count - start < 2 * pages.PAGE else None
    return _write_head(time, places, tidy_at, _ARRAY, count + 1) + state[_ENTRIES_AT:] + _encode(entry)


def newest(state: bytes) -> int:
    """The time of the newest entry."""
    time: int = _read_head(state)[0]
    return time


def count(state: bytes) -> int:
    """How many entries there are."""
    entries: int = _read_head(state)[4]
    return entries


def of(entries: Sequence[Entry]) -> bytes:
    """The form of entries."""
    places = sum(len(entry[3]) or 1 for entry in entries)
    count, tidy_at = len(entries), max(_SMALLEST_TIDYING, 2 * len(entries))
    return _write_head(entries[-1][0], places, tidy_at, _ARRAY, count) + b"".join(map(_encode, entries))


def entries(window: Window, start: int, end: int, own: str | None) -> list[Entry]:
    """Some of a window's entries."""
    marks = window.marks[start:end] or [0] * (end - start)
    users = [None if user == own else user for user in window.users[start:end]]
    ids = map(pack, window.ids[start:end])
    return list(zip(window.times[start:end], ids, users, window.details[start:end], marks, strict=True))


def of_window(window: Window, own: str | None) -> bytes:
    """The form of a window."""
    return of(entries(window, 0, len(window.times), own))


def read(state: bytes) -> list[Entry]:
    """The entries of a form."""
    return _decode(memoryview(state)[_ARRAY_AT:])


def wake(terms: Terms, state: bytes, own: str | None) -> Window:
    """The window of a form."""
    window = tally.window(terms)
    times, ids, users, details, marks = zip(*read(state), strict=True)
    window.times, window.details = list(times), list(details)
    window.ids = list(map(signal_id.unpack, ids))
    window.users = [own or "" if user is None else user for user in users]
    window.marks = list(marks) if any(marks) else []
    window.resume()
    return window
