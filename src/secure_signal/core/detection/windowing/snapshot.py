"""What the detector keeps of a group on ``detector-state``.

A record: the digest of its rule, the position up to which it has seen everything, and its window as it is at
rest. Of a window with many entries the older are in pages, which are saved once and named by their content,
so that a record and its pages fit each other wherever the saving was broken off; the record has the newer.
"""

import hashlib
from collections.abc import Iterable, Iterator

import msgspec

from secure_signal.core.detection.windowing import pages, resting
from secure_signal.core.detection.windowing.resting import Entry
from secure_signal.core.detection.windowing.window import Window

_NAME_BYTES = 12


class Record(msgspec.Struct, frozen=True, array_like=True):
    """What is saved of a group; of the first page ``skip`` entries are no longer in the window.

    ``mark`` is that of the first that is: it may be another now than in its page.
    """

    digest: str
    position: int
    pages: list[str]
    skip: int
    mark: int
    state: bytes


_encode = msgspec.msgpack.Encoder().encode
read = msgspec.msgpack.Decoder(Record).decode


def of_resting(digest: str, position: int, state: bytes) -> bytes:
    """The record of a resting group."""
    return _encode(Record(digest, position, [], 0, 0, state))


def of_window(window: Window, own: str | None, digest: str, position: int) -> Iterator[tuple[str, bytes]]:
    """New pages of a window by name, then its record, whose name is empty."""
    window.forget()
    saved, start = window.pages, window.pages.entries
    while len(window.times) - start >= 2 * pages.PAGE:
        page = resting.of(resting.entries(window, start, start + pages.PAGE, own))
        name = hashlib.blake2b(page, digest_size=_NAME_BYTES).hexdigest()
        saved.names.append(name)
        yield name, page
        start += pages.PAGE
    newer = resting.of(resting.entries(window, start, len(window.times), own))
    mark = window.marks[0] if window.marks else 0
    yield "", _encode(Record(digest, position, saved.names, saved.skip, mark, newer))


def whole(saved: Record, older: Iterable[bytes]) -> bytes:
    """A group as it is at rest, from its record and its pages. What cannot be read raises here."""
    entries: list[Entry] = [entry for part in (*older, saved.state) for entry in resting.read(part)]
    kept = entries[saved.skip :]
    if saved.pages:
        kept[0] = (*kept[0][:-1], saved.mark)
    return resting.of(kept)
