"""What a group costs: bytes of an idle one by its entries, and the time of one by how many groups there are.

    python -m benchmarks.groups

Time is told as a ratio to decoding one line of JSON, measured in turns in the same run.
"""

import gc
import random
import statistics
import time

import msgspec
import psutil

from secure_signal.core.detection.rules.correlation import Bound, Correlation, Kind, Slot
from secure_signal.core.detection.windowing.groups import Groups
from secure_signal.core.detection.windowing.windows import Windows
from secure_signal.core.instant import SECOND

LINE = b"""{"id":"01234567-89ab-cdef-0123-456789abcdef","user_id":"user-0000123","type":"auth.login",
"timestamp":"2026-05-01T01:46:50.000000Z","payload":{"outcome":"failure","ip":"10.0.0.1"}}"""
START = 1_777_600_000 * SECOND
ENTRIES = 20_000
ROUNDS = 7


def groups_of(kind: Kind) -> Groups:
    """Those of a rule that never holds."""
    slot = Slot("r", "R", ("user_id",))
    rule = Correlation(
        id="c",
        name="",
        title="T",
        description="",
        level="low",
        tags=(),
        origin="",
        digest="0123456789abcdef",
        kind=kind,
        slots=(slot,),
        group_by=("user_id",),
        timespan=3600 * SECOND,
        bounds=(Bound("gte", 10**9),),
    )
    return Windows([rule], 60 * SECOND).groups("c")


def enter(groups: Groups, users: list[str], place: int, kind: Kind = Kind.VALUE_COUNT) -> None:
    """One entry of each user, a microsecond after another."""
    detail = (1,) if kind is Kind.VALUE_COUNT else ()
    for number, user in enumerate(users, place):
        at = START + number
        groups.enter((user,), at, f"{number:08x}-89ab-cdef-0123-456789abcdef", user, detail, number, at)


def size(count: int, entries: int) -> float:
    """Bytes of resident memory for each idle group with so many entries, its key and its place included."""
    gc.collect()
    before = psutil.Process().memory_info().rss
    groups = groups_of(Kind.VALUE_COUNT)
    for place in range(0, count * entries, ENTRIES):
        enter(groups, [f"user-{n % count:07}" for n in range(place, place + ENTRIES)], place)
        for _ in groups.changes():
            pass
    return (psutil.Process().memory_info().rss - before) / len(groups)


def ratio(kind: Kind, count: int) -> float:
    """The time of an entry into one of so many groups, by that of decoding a line."""
    groups, chance = groups_of(kind), random.Random(count)
    enter(groups, [f"user-{n:07}" for n in range(count)], 0, kind)
    rounds = []
    for n in range(ROUNDS):
        users = [f"user-{chance.randrange(count):07}" for _ in range(ENTRIES)]
        begin = time.process_time()
        for _ in range(ENTRIES):
            msgspec.json.decode(LINE)
        decoded = time.process_time()
        enter(groups, users, count + n * ENTRIES, kind)
        rounds.append((time.process_time() - decoded) / (decoded - begin))
    return statistics.median(rounds)


def main() -> None:
    """Print both."""
    sizes = ", ".join(f"{size(300_000, entries):.0f} with {entries}" for entries in range(1, 5))
    print(f"bytes for each of 300,000 idle groups, by entries: {sizes}")
    for kind in (Kind.EVENT_COUNT, Kind.VALUE_COUNT):
        told = ", ".join(
            f"{ratio(kind, count):.2f} among {count:,}" for count in (10**3, 10**4, 10**5, 10**6)
        )
        print(f"{kind}: an entry costs, in decoded lines: {told} groups")


if __name__ == "__main__":
    main()
