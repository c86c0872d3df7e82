"""Groups that are quiet for a while, because their rule has told of them: ``suppress`` of a correlation."""

from collections.abc import Iterable, Iterator

import msgspec

from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.windowing.match import read_key

CAPACITY = 100_000
"""Groups that are remembered; beyond, the one that was told of first is forgotten."""

_SMALLEST_SWEEP = 1024
_MARK = "suppressed"


class _Told(msgspec.Struct, frozen=True, array_like=True):
    """A group's last anomaly: its event time (microseconds), and the position of what completed it."""

    digest: str
    time: int
    position: int


class Suppression:
    """The last anomaly of each group of the rules that suppress, for as long as it counts.

    An anomaly is suppressed where its event time is less than ``suppress`` away from that of the group's last
    one that was not: ``suppressed`` counts them. It is kept apart from windows, which it outlives.

    After a restore, whatever stands at a position that a group has seen was told or suppressed before, and is
    not told again. ``changes`` are to be saved before those of windows, for a window skips what it has seen.
    """

    def __init__(self, correlations: Iterable[Correlation], lateness: int) -> None:
        self.suppressed = 0
        self.full = 0
        self._rules = {rule.id: rule for rule in correlations if rule.suppress}
        self._lateness = lateness
        self._told: dict[str, _Told] = {}
        self._seen: dict[str, int] = {}
        self._changed: set[str] = set()
        self._puts_to_sweep = _SMALLEST_SWEEP

    def silences(self, rule: Correlation, key: str, time: int, position: int, watermark: int) -> bool:
        """Whether an anomaly of a group (its window's key) is suppressed; if not, it is the last one now."""
        last = self._told.get(key)
        if last is not None and abs(time - last.time) < rule.suppress:
            self.suppressed += 1
            return True
        if position <= self._seen.get(key, -1):
            return True
        self._put(key, _Told(rule.digest, time if last is None else max(time, last.time), position))
        self._count_to_sweep(watermark)
        return False

    def changes(self) -> Iterator[tuple[str, bytes | None]]:
        """What changed since the last call, as key and state; None for what is over."""
        changed, self._changed = self._changed, set()
        found = ((key, self._told.get(key)) for key in changed)
        return ((_MARK + key, None if told is None else _encode(told)) for key, told in found)

    def restore(self, key: str, state: bytes) -> bool:
        """Put back what ``changes`` gave; False when its rule is gone or means something else now."""
        key = key.removeprefix(_MARK)
        rule = self._rules.get(read_key(key)[0])
        told = _decode(state)
        if rule is None or rule.digest != told.digest:
            return False
        self._put(key, told)
        self._seen[key] = told.position
        return True

    def adopt(self, old: "Suppression") -> None:
        """Take over what is of rules that mean the same; the next ``changes`` tells what is gone."""
        self.suppressed, self.full = old.suppressed, old.full
        for key, told in old._told.items():
            rule = self._rules.get(read_key(key)[0])
            if rule is not None and rule.digest == told.digest:
                self._told[key] = told
        self._seen = {key: position for key, position in old._seen.items() if key in self._told}
        self._changed = old._changed | (old._told.keys() - self._told.keys())

    @staticmethod
    def has(key: str) -> bool:
        """Whether a key is one of ``changes``, and not a window's."""
        return key.startswith(_MARK)

    def _put(self, key: str, told: _Told) -> None:
        self._told[key] = told
        self._changed.add(key)
        if len(self._told) > CAPACITY:
            self.full += 1
            self._forget(next(iter(self._told)))

    def _forget(self, key: str) -> None:
        del self._told[key]
        self._seen.pop(key, None)
        self._changed.add(key)

    def _count_to_sweep(self, watermark: int) -> None:
        """Forget what no entry can come near any more, after as many anomalies as there are groups."""
        self._puts_to_sweep -= 1
        if self._puts_to_sweep > 0:
            return
        for key in [key for key, told in self._told.items() if self._is_over(key, told, watermark)]:
            self._forget(key)
        self._puts_to_sweep = max(_SMALLEST_SWEEP, len(self._told))

    def _is_over(self, key: str, told: _Told, watermark: int) -> bool:
        rule = self._rules[read_key(key)[0]]
        return told.time + rule.suppress + rule.timespan + self._lateness < watermark


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Told).decode
