"""The contract of a signal: what is accepted over HTTP, stored from Kafka and judged by rules."""

import re

import msgspec

from secure_signal.core import instant, payload, sentence
from secure_signal.core.errors import RefusedError

MAX_USER_ID = 256
MAX_TYPE = 128
MAX_ID = 128

# Unicode's category Cc is closed (Unicode Standard, 4.5): C0, DEL and C1.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


class Signal(msgspec.Struct, frozen=True, gc=False):
    """Something a user did.

    ``timestamp`` is in microseconds since the epoch (UTC); ``payload`` is the JSON text of an object,
    as it was sent. ``id`` is empty when the sender gave none.
    """

    id: str
    user_id: str
    type: str
    timestamp: int
    payload: bytes


class _Wire(msgspec.Struct, gc=False):
    user_id: str
    type: str
    timestamp: str
    payload: msgspec.Raw
    id: str | int | None = None


_decode = msgspec.json.Decoder(_Wire).decode
_VALIDATION = re.compile(r"^(?P<reason>.*?)(?: - at `\$\.(?P<field>.*)`)?$", re.DOTALL)
_MISSING = re.compile(r"^Object missing required field `(?P<field>.*)`$")


def decode(value: bytes) -> Signal:
    """One JSON object in UTF-8 (RFC 8259) to a signal; RefusedError names the member at fault.

    Unknown members are ignored; of equal names the last counts. A number as ``id`` is taken as its
    text.
    """
    try:
        wire = _decode(value)
        if not value.isascii():
            value.decode()
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise refusal(error) from None
    name("user_id", wire.user_id, MAX_USER_ID)
    name("type", wire.type, MAX_TYPE)
    signal_id = "" if wire.id is None else str(wire.id)
    if wire.id is not None:
        name("id", signal_id, MAX_ID)
    moment = instant.parse(wire.timestamp)
    raw = bytes(wire.payload)
    payload.guard(raw)
    return Signal(signal_id, wire.user_id, wire.type, moment, raw)


def encode(signal: Signal) -> bytes:
    """A signal as the JSON object that goes to Kafka, its payload untouched."""
    return msgspec.json.encode(
        {
            "id": signal.id,
            "user_id": signal.user_id,
            "type": signal.type,
            "timestamp": instant.render(signal.timestamp),
            "payload": msgspec.Raw(signal.payload),
        }
    )


def name(field: str, text: str, longest: int) -> None:
    """Pass a name of 1 to ``longest`` characters, none of them a control character."""
    if not 1 <= len(text) <= longest:
        raise RefusedError(field, f"must have 1 to {longest} characters, not {len(text)}")
    if not text.isprintable() and CONTROL.search(text):
        raise RefusedError(field, "must have no control characters")


def refusal(error: msgspec.DecodeError | UnicodeDecodeError | RecursionError) -> RefusedError:
    """A decoder's complaint in our words: ``Expected `str`, got `int` - at `$.user_id```."""
    match error:
        case msgspec.ValidationError():
            return _mismatch(str(error))
        case msgspec.DecodeError():
            return RefusedError("", sentence.continued(f"{error}; one JSON object in UTF-8 is wanted"))
        case UnicodeDecodeError():
            return RefusedError("", f"not UTF-8 at byte {error.start}")
        case RecursionError():
            return RefusedError("payload", f"must be nested at most {payload.MAX_DEPTH} levels deep")


def _mismatch(message: str) -> RefusedError:
    if missing := _MISSING.match(message):
        return RefusedError(missing["field"], "is required")
    parts = _VALIDATION.match(message)
    assert parts is not None  # noqa: S101 (the pattern takes any text)
    return RefusedError(parts["field"] or "", sentence.continued(parts["reason"].replace("`", "")))
