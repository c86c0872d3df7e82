"""What a group is called in memory."""

from typing import TypeAlias

import msgspec

from secure_signal.core.detection.windowing.match import Scalar

Key: TypeAlias = str | bytes
"""A group's only value where that is a text, else its values in MessagePack: 1, 1.0 and true stay apart."""

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[Scalar, ...]).decode


def key_of(group: tuple[Scalar, ...]) -> Key:
    """The key of a group's values."""
    if len(group) == 1 and type(group[0]) is str:
        return group[0]
    return _pack(group)


def group_of(key: Key) -> tuple[Scalar, ...]:
    """The values of a group's key."""
    return (key,) if isinstance(key, str) else _unpack(key)


def own(key: Key) -> str | None:
    """The group's only value where that is a text."""
    return key if isinstance(key, str) else None
