"""What instances of the detector send each other on ``signal-matches``."""

import msgspec

from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.instant import SECOND

BELATED = 30 * SECOND
"""Event time so far behind arrival, in microseconds, that the live order of arrival says little about it."""


class Entry(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A match and where it comes from: the ``number``-th of the record at ``offset`` of a source.

    A source is a partition of ``signal-events``. ``watermark`` is its own there: the greatest time of its
    signals so far, each no later than its arrival (microseconds). ``arrival`` is when that record arrived
    (ms).
    """

    source: int
    offset: int
    number: int
    watermark: int
    arrival: int
    match: Match

    @property
    def is_belated(self) -> bool:
        """Whether its source is not live: what was sent late came with much else, in whatever order."""
        return self.arrival * 1000 - self.watermark > BELATED


class Progress(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """How far a source was read: all before ``offset`` was sent.

    What follows is not before ``watermark``, and does not arrive before ``arrival`` (ms).
    """

    offset: int = 0
    watermark: int = -1
    arrival: int = -1


class Parcel(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an instance sends at once to one task: entries, each source's in its order.

    ``topic_id`` is Kafka's of ``signal-events``, and ``progress`` that of the instance's own sources. Where
    there are entries, ``ends`` are the offsets at which the log of each source ended after the entries'
    records were read. Where they ended a while after the instance's sources were read until some offsets, it
    says those: they are ``settled``.
    """

    topic_id: str
    progress: dict[int, Progress]
    ends: list[int]
    entries: list[Entry]
    settled: dict[int, int] = {}
