"""Where a list goes on, as text that only this service understands."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

import msgspec

from secure_signal.adapters.stored_signals import Key
from secure_signal.core import instant
from secure_signal.core.errors import RefusedError
from secure_signal.core.signal import MAX_ID

_Instant = Annotated[int, msgspec.Meta(ge=0, le=instant.LAST)]
_Id = Annotated[str, msgspec.Meta(max_length=MAX_ID, pattern=r"^[^\x00]*$")]
_decoder = msgspec.msgpack.Decoder(tuple[_Instant, _Id])


def encode(key: Key) -> str:
    """A key as letters that need no escape in a URL or a header."""
    moment, identity = key
    packed = msgspec.msgpack.encode((instant.from_datetime(moment), identity))
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode(text: str) -> Key:
    """The key again; RefusedError for what ``encode`` did not make."""
    try:
        packed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        moment, identity = _decoder.decode(packed)
    except (ValueError, msgspec.DecodeError):
        raise RefusedError("cursor", "is not one that this service gave out") from None
    return instant.to_datetime(moment), identity
