"""What all groups of an engine have in common: event time, where its input is, and what they take."""

from typing import Protocol

MEMORY = 400_000_000
"""Bytes that all groups of a process may take, about: some two million idle ones with one entry.

It is what the columns, texts and places in dicts take, of a long window by a sample. Which groups are dropped
hangs on when windows went to rest: after a restart they may be others than in one run.
"""


class Member(Protocol):
    """The groups of one correlation."""

    @property
    def memory(self) -> int:
        """About how many bytes they take."""

    def thin_out(self) -> None:
        """Take less."""


class Census:
    """What is known of all groups together.

    ``watermark`` is the greatest time of all entries, as far as it was not ahead of their ``now``.
    ``position`` is that of the last entry: every group has seen all that came before it. ``late`` counts
    the entries that came later than the lateness, by their own group's newest or because event time had
    left their window behind, and were left out; ``full`` those that a window had no room for; ``crowded``
    the groups dropped because all together took more than ``limit`` bytes: of the correlation that takes
    most then, so that who floods one leaves the others alone.
    """

    __slots__ = ("crowded", "full", "late", "limit", "members", "memory", "position", "watermark")

    def __init__(self, limit: int = MEMORY) -> None:
        self.watermark = 0
        self.position = -1
        self.memory = self.late = self.full = self.crowded = 0
        self.limit = limit
        self.members: list[Member] = []

    def take(self, count: int) -> None:
        """Count bytes that are taken, or given back."""
        self.memory += count
        if count >= 0 and self.memory > self.limit:
            max(self.members, key=lambda member: member.memory).thin_out()

    def resume(self, other: "Census") -> None:
        """Go on from what another knew of the same groups."""
        self.watermark, self.position = other.watermark, other.position
        self.memory, self.limit = other.memory, other.limit
        self.late, self.full, self.crowded = other.late, other.full, other.crowded
