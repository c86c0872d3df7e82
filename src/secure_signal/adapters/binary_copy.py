"""PostgreSQL's binary COPY format (its documentation, COPY, "Binary Format"): a row as bytes."""

import struct

from secure_signal.core.signal import Signal

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

# timestamptz counts microseconds since 2000-01-01.
_EPOCH = 946_684_800_000_000
_JSONB_VERSION = b"\x01"
_FIVE_FIELDS = b"\x00\x05"
_length = struct.Struct("!i").pack
_timestamptz = struct.Struct("!iq").pack


def signal_row(signal: Signal) -> bytes:
    """The fields id, user_id, type, timestamp, payload, each behind its length."""
    signal_id = signal.id.encode()
    user_id = signal.user_id.encode()
    kind = signal.type.encode()
    return b"".join(
        (
            _FIVE_FIELDS,
            _length(len(signal_id)),
            signal_id,
            _length(len(user_id)),
            user_id,
            _length(len(kind)),
            kind,
            _timestamptz(8, signal.timestamp - _EPOCH),
            _length(len(signal.payload) + 1),
            _JSONB_VERSION,
            signal.payload,
        )
    )
