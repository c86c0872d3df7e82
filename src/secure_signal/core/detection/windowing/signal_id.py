"""Ids of signals as MessagePack keeps them: UUIDs, as the emitter gives them, in 16 bytes."""

from binascii import unhexlify

_UUID = 36
_DASHES = slice(8, 24, 5)


def pack(text: str) -> str | bytes:
    """The 16 bytes of a UUID in lower case, of which ``unpack`` makes the very text; any other as it is."""
    if len(text) != _UUID or text[_DASHES] != "----" or not text.islower():
        return text
    try:
        packed = unhexlify(text.replace("-", ""))
    except ValueError:
        return text
    return packed if len(packed) == 16 else text


def unpack(packed: str | bytes) -> str:
    """The id."""
    if isinstance(packed, str):
        return packed
    digits = packed.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
