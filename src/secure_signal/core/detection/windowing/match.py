"""A match: that a signal met a rule which a correlation counts, on its way to the group's window."""

from typing import TypeAlias

import msgspec

Scalar: TypeAlias = str | int | float | bool


class Match(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One signal's entry into the window of one group of one correlation rule.

    ``correlation`` is that rule's id; ``slots`` are the places, in its list of rules, of those the signal
    matched; ``group`` the values of its group-by fields; ``time`` the signal's timestamp in microseconds;
    ``values`` what the condition's field holds, strings folded (empty where the rule asks for none).
    """

    correlation: str
    slots: tuple[int, ...]
    group: tuple[Scalar, ...]
    time: int
    signal_id: str
    user_id: str
    values: tuple[Scalar, ...] = ()

    @property
    def key(self) -> str:
        """The window's name, equal for equal correlation and group: what ``signal-matches`` is keyed by."""
        return window_key(self.correlation, self.group)


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(tuple[Scalar, ...]).decode


def window_key(correlation: str, group: tuple[Scalar, ...]) -> str:
    """A JSON array of the correlation's id and the group's values: 1, true and "1" stay apart."""
    return _encode((correlation, *group)).decode()


def read_key(key: str) -> tuple[str, tuple[Scalar, ...]]:
    """The correlation's id and the group's values of a window key."""
    correlation, *group = _decode(key)
    return str(correlation), tuple(group)
