"""What a body holds: one signal or many, by its media type."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import msgspec
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from secure_signal.core import signal
from secure_signal.core.signal import Signal
from secure_signal.services.emitter import cloudevents

MAX_SIGNALS = 10_000

Judge = Callable[[bytes], tuple[Signal, bytes]]
"""One item to its signal and the JSON to forward; RefusedError says what is wrong with it."""


@dataclass(frozen=True)
class Envelope:
    """The items of one body, each still raw, and how an item is judged."""

    items: list[bytes]
    judge: Judge


# A record of Kafka has at most 1 MB by default, and a payload at most 256 KiB.
_MAX_RECORD = 512 * 1024


def as_sent(item: bytes) -> tuple[Signal, bytes]:
    """The judge of plain signals: they are forwarded as they came, unless other members bloat them."""
    found = signal.decode(item)
    return found, item if len(item) <= _MAX_RECORD else signal.encode(found)


_JSON = ("application/json",)
_LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
MEDIA_TYPES = (*_JSON, *_LINES, cloudevents.MEDIA_TYPE, cloudevents.BATCH_MEDIA_TYPE)


def unpack(headers: Headers, body: bytes) -> Envelope:
    """Split a body into at most MAX_SIGNALS items; HTTPException 400, 413 or 415 for the whole of it."""
    kind = media_type(headers)
    if not body.strip(_SPACE):
        raise HTTPException(400, "The body is empty.")
    items = _lines(body) if kind in _LINES else _values(body)
    if len(items) > MAX_SIGNALS:
        raise HTTPException(413, f"The body must hold at most {MAX_SIGNALS} signals.")
    return Envelope(items, as_sent if kind in (*_JSON, *_LINES) else cloudevents.judge)


def media_type(headers: Headers) -> str:
    """The media type of a body, lower case; HTTPException 415 where it is none of MEDIA_TYPES in UTF-8."""
    kind, *parameters = headers.get("content-type", "").lower().split(";")
    kind = kind.strip()
    charset = [p.partition("=")[2].strip(' "') for p in parameters if p.strip().startswith("charset")]
    if kind not in MEDIA_TYPES or any(c != "utf-8" for c in charset):
        detail = f"The Content-Type must be one of {', '.join(MEDIA_TYPES)}, in UTF-8, not {kind!r}."
        raise HTTPException(415, detail, {"Accept": ", ".join(MEDIA_TYPES)})
    return kind


_SPACE = b" \t\r\n"
_decode_one = msgspec.json.Decoder(msgspec.Raw).decode
_array_begins = re.compile(rb"[ \t\r\n]*\[").match
_decode_few = msgspec.json.Decoder(list[msgspec.Raw]).decode

# An item held costs 76 bytes beyond its text: an array of ten million digits must not become five
# million items before they are counted. Elements beyond the fields of an array-like struct are checked
# and skipped, whatever they hold.
_First = msgspec.defstruct(
    "_First",
    [(f"item_{index}", msgspec.Raw, msgspec.Raw()) for index in range(MAX_SIGNALS + 1)],
    array_like=True,
)
_decode_first = msgspec.json.Decoder(_First).decode


def _lines(body: bytes) -> list[bytes]:
    """The lines that are not blank, each of them an item, good or bad."""
    lines = (line.strip(_SPACE) for line in io.BytesIO(body))
    return list(islice(filter(None, lines), MAX_SIGNALS + 1))


def _values(body: bytes) -> list[bytes]:
    """The raw elements of an array, or the one value that the body is."""
    try:
        if not _array_begins(body):
            return [bytes(_decode_one(body))]
        if body.count(b",") < MAX_SIGNALS:
            return [bytes(item) for item in _decode_few(body)]
        return [bytes(item) for item in msgspec.structs.astuple(_decode_first(body)) if item]
    except msgspec.DecodeError as error:
        raise HTTPException(400, f"The body is no JSON in UTF-8: {error}") from None
    except RecursionError:
        raise HTTPException(400, "The body is nested too deep.") from None
