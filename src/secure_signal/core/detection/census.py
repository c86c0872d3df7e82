"""What all groups of an engine have in common: event time, where its input is, and how many they are."""

from typing import Protocol

MAX_GROUPS = 2_000_000
"""Groups of one engine: idle, at less than 300 bytes each, they take 600 MB."""


class Thinned(Protocol):
    """The groups of one correlation."""

    def __len__(self) -> int: ...

    def thin_out(self) -> None:
        """Drop some."""


class Census:
    """What is known of all groups together.

    ``watermark`` is the greatest time of all entries, as far as it was not ahead of their ``now``.
    ``position`` is that of the last entry: every group has seen all that came before it. ``late`` counts
    the entries that came later than the lateness, by their own group's newest or because event time had
    left their window behind, and were left out; ``full`` those that a window had no room for; ``crowded``
    the groups dropped because there were more than ``limit``: of the correlation that has most then, so that
    who floods one leaves the others alone.
    """

    __slots__ = ("count", "crowded", "full", "late", "limit", "members", "position", "watermark")

    def __init__(self, limit: int = MAX_GROUPS) -> None:
        self.watermark = 0
        self.position = -1
        self.count = self.late = self.full = self.crowded = 0
        self.limit = limit
        self.members: list[Thinned] = []

    def grow(self) -> None:
        """Count one group more."""
        self.count += 1
        if self.count > self.limit:
            max(self.members, key=len).thin_out()

    def resume(self, other: "Census") -> None:
        """Go on from what another knew of the same groups."""
        self.watermark, self.position, self.count = other.watermark, other.position, other.count
        self.late, self.full, self.crowded = other.late, other.full, other.crowded
