"""A window kept up to date, in and out of order, is what recomputing it from all entries gives."""

from bisect import bisect_right
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.anomaly import MAX_EVIDENCE
from secure_signal.core.detection import snapshot
from secure_signal.core.detection.correlation import OPERATORS, Correlation, Kind, Slot
from secure_signal.core.detection.match import Match
from secure_signal.core.detection.window import Opening, Window

SPAN = 5
ALWAYS = 10**6


def rule(kind: Kind, comparison: str, limit: int, percentile: int = 50) -> Correlation:
    return Correlation(
        id="c",
        name="",
        title="T",
        description="",
        level="low",
        tags=(),
        origin="f:1",
        digest="d",
        kind=kind,
        slots=tuple(Slot(f"r{n}", f"R{n}", ()) for n in range(3)),
        group_by=(),
        timespan=SPAN,
        comparison=comparison,
        limit=limit,
        percentile=percentile,
    )


@st.composite
def rules(draw: st.DrawFn) -> Correlation:
    kind = draw(st.sampled_from(list(Kind)))
    percentile = draw(st.sampled_from([0, 10, 50, 95, 100])) if kind is Kind.VALUE_PERCENTILE else 50
    return rule(kind, draw(st.sampled_from(list(OPERATORS))), draw(st.integers(0, 4)), percentile)


@st.composite
def entries(draw: st.DrawFn) -> list[Match]:
    times = draw(st.lists(st.integers(0, 25), min_size=1, max_size=20))
    slots = st.sets(st.integers(0, 2), min_size=1).map(lambda s: tuple(sorted(s)))
    values = st.lists(st.sampled_from([0, 1, 2, 0.1, 2.5]), max_size=2, unique=True).map(tuple)
    return [Match("c", draw(slots), (), time, f"id-{n}", "u", draw(values)) for n, time in enumerate(times)]


def brute_force(rule: Correlation, window: list[Match]) -> Any:
    numbers = sorted(Fraction(v) for m in window for v in m.values if not isinstance(v, str))
    match rule.kind:
        case Kind.EVENT_COUNT:
            return len(window)
        case Kind.VALUE_COUNT:
            return len(set(numbers))
        case Kind.TEMPORAL:
            return len({s for m in window for s in m.slots})
        case Kind.TEMPORAL_ORDERED:
            return max(n for n in range(4) if any(_rises(window, c) for c in combinations(range(3), n)))
        case _ if not numbers:
            return None
        case Kind.VALUE_SUM:
            return sum(numbers)
        case Kind.VALUE_AVG:
            return sum(numbers) / len(numbers)
    at = Fraction(rule.percentile, 100) * (len(numbers) - 1)
    low, high = numbers[int(at)], numbers[min(int(at) + 1, len(numbers) - 1)]
    return low + (high - low) * (at - int(at))


def _rises(window: list[Match], slots: tuple[int, ...]) -> bool:
    last = -1
    for slot in slots:
        later = [m.time for m in window if slot in m.slots and m.time > last]
        if not later:
            return False
        last = min(later)
    return True


def truth(rule: Correlation, ordered: list[Match]) -> list[bool]:
    """Whether the condition holds at each evaluation, all entries known."""
    holds = []
    for n, match in enumerate(ordered):
        measure = brute_force(rule, [m for m in ordered[: n + 1] if m.time >= match.time - SPAN])
        holds.append(measure is not None and OPERATORS[rule.comparison](measure, rule.limit))
    return holds


def episodes(ordered: list[Match], holds: list[bool]) -> list[list[int]]:
    """The stretches of evaluations that hold, each as positions."""
    stretches: list[list[int]] = []
    for n, held in enumerate(holds):
        linked = n and holds[n - 1] and ordered[n].time - ordered[n - 1].time <= SPAN
        if held and linked:
            stretches[-1].append(n)
        elif held:
            stretches.append([n])
    return stretches


@given(rules(), entries(), st.integers(0, 3))
def test_in_order_each_episode_opens_where_recomputing_says(
    rule: Correlation, arrived: list[Match], lateness: int
) -> None:
    ordered = sorted(arrived, key=lambda m: m.time)
    window = Window(rule)
    opened = [o.evidence[-1] for match in ordered for o in window.enter(match, lateness)]
    expected = [ordered[stretch[0]].signal_id for stretch in episodes(ordered, truth(rule, ordered))]
    assert opened == expected


@given(rules(), entries())
def test_out_of_order_each_episode_is_told_once(rule: Correlation, arrived: list[Match]) -> None:
    window, told = Window(rule), 0
    known: list[Match] = []
    for match in arrived:
        told += len(window.enter(match, ALWAYS))
        known.insert(bisect_right([m.time for m in known], match.time), match)
        holds = truth(rule, known)
        assert [bool(mark) for mark in window.marks] == holds
        marks = [{window.marks[i] for i in stretch} for stretch in episodes(known, holds)]
        # No two episodes share a telling, and none is without.
        assert sum(map(len, marks)) == len(set().union(*marks)) <= told


@given(rules(), entries(), st.integers(0, 19))
def test_a_window_goes_on_from_its_snapshot(rule: Correlation, arrived: list[Match], cut: int) -> None:
    whole, parted = Window(rule), Window(rule)
    for n, match in enumerate(arrived):
        if n == cut and parted.times:
            restored = snapshot.decode(rule, snapshot.encode(parted))
            assert restored is not None
            parted = restored
        assert parted.enter(match, ALWAYS) == whole.enter(match, ALWAYS)
    assert snapshot.encode(parted) == snapshot.encode(whole)


def enter_all(window: Window, *times: int) -> list[list[Opening]]:
    return [window.enter(Match("c", (0,), (), t, f"at-{t}", "u"), ALWAYS) for t in times]


def test_late_entries_complete_an_episode_that_then_has_its_true_evidence() -> None:
    *none, (opening,) = enter_all(Window(rule(Kind.EVENT_COUNT, "gte", 3)), 10, 12, 11)
    assert none == [[], []]
    assert (opening.time, opening.evidence, opening.measure) == (12, ["at-10", "at-11", "at-12"], 3)


def test_an_episode_that_a_late_entry_splits_is_told_again_for_its_second_part() -> None:
    window = Window(rule(Kind.EVENT_COUNT, "lte", 2))
    openings = enter_all(window, 0, 4, 8, 12, 6)
    # At 8 there are now three in the window, at 12 two again.
    assert [[o.time for o in each] for each in openings] == [[0], [], [], [], [12]]


def test_an_episode_that_a_late_entry_moves_is_not_told_again() -> None:
    window = Window(rule(Kind.EVENT_COUNT, "lt", 2))
    openings = enter_all(window, 10, 9)
    assert [[o.time for o in each] for each in openings] == [[10], []]


def test_the_same_signal_again_changes_nothing() -> None:
    window = Window(rule(Kind.EVENT_COUNT, "gte", 2))
    assert enter_all(window, 10, 10, 11, 10) == [[], [], enter_all(Window(window.rule), 10, 11)[1], []]


def test_evidence_is_bounded_and_ends_with_the_signal_that_completed_it() -> None:
    window = Window(rule(Kind.EVENT_COUNT, "gte", MAX_EVIDENCE + 50))
    opened = [o for n in range(400) for o in window.enter(Match("c", (0,), (), 1, f"{n}", "u"), 0)]
    assert [o.evidence for o in opened] == [[str(n) for n in range(50, MAX_EVIDENCE + 50)]]


@pytest.mark.parametrize("lateness", [0, 60])
def test_a_long_stream_leaves_a_short_window(lateness: int) -> None:
    window = Window(rule(Kind.VALUE_COUNT, "gte", 10**9))
    for time in range(10_000):
        window.enter(Match("c", (0,), (), time, str(time), "u", (time,)), lateness)
    assert len(window.times) <= 2 * (SPAN + lateness + 2)
    assert all(later > earlier for earlier, later in pairwise(window.times))
