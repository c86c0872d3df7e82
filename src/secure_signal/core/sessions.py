"""How many users were active lately, in bounded memory."""

from math import log

from secure_signal.core.instant import SECOND

MINUTE = 60 * SECOND
MINUTES = 30
BITS = 1 << 17


class Sessions:
    """Users with a signal within the last 30 minutes of event time.

    Linear counting (Whang, Vander-Zanden and Taylor, 1990): a bitmap of 16 KiB for each minute; its error
    is below 1 % up to 300,000 users. Time is that of the latest signal that is not ahead of the clock.
    """

    def __init__(self) -> None:
        self._minutes: dict[int, bytearray] = {}
        self._latest = -1

    def saw(self, user_id: str, timestamp: int, now: int) -> None:
        """A user's signal at ``timestamp``, seen at ``now`` (both in microseconds)."""
        minute = timestamp // MINUTE
        if timestamp > now + MINUTE or minute <= self._latest - MINUTES:
            return
        if minute > self._latest:
            self._turn_to(minute)
        bits = self._minutes.get(minute)
        if bits is None:
            bits = self._minutes[minute] = bytearray(BITS // 8)
        place = hash(user_id) % BITS
        bits[place >> 3] |= 1 << (place & 7)

    def count(self) -> int:
        """The estimated number of users."""
        union = 0
        for bits in self._minutes.values():
            union |= int.from_bytes(bits)
        free = BITS - union.bit_count()
        return round(-BITS * log(max(free, 1) / BITS))

    def _turn_to(self, minute: int) -> None:
        self._latest = minute
        self._minutes = {m: bits for m, bits in self._minutes.items() if m > minute - MINUTES}
