"""A window kept up to date, in and out of order, is what recomputing it from all entries gives."""

from bisect import bisect_right
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from secure_signal.adapters import kafka
from secure_signal.core.anomaly import MAX_EVIDENCE
from secure_signal.core.detection.matching.value import COMPARISONS
from secure_signal.core.detection.rules.correlation import Bound, Correlation, Kind, Slot
from secure_signal.core.detection.windowing import insertion, metric, resting, snapshot, tally
from secure_signal.core.detection.windowing import window as limits
from secure_signal.core.detection.windowing.census import Census
from secure_signal.core.detection.windowing.insertion import MAX_REDONE
from secure_signal.core.detection.windowing.match import Match
from secure_signal.core.detection.windowing.terms import Terms
from secure_signal.core.detection.windowing.window import CAPACITY, Opening, Window
from secure_signal.core.signal import MAX_ID, MAX_USER_ID

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
        bounds=(Bound(comparison, *limit.as_integer_ratio()),),
        percentile=percentile,
    )


@st.composite
def rules(draw: st.DrawFn) -> Correlation:
    kind = draw(st.sampled_from(list(Kind)))
    percentile = draw(st.sampled_from([0, 10, 50, 95, 100])) if kind is Kind.VALUE_PERCENTILE else 50
    return rule(kind, draw(st.sampled_from(list(COMPARISONS))), draw(st.integers(0, 4)), percentile)


@st.composite
def entries(draw: st.DrawFn) -> list[Match]:
    times = draw(st.lists(st.integers(0, 25), min_size=1, max_size=20))
    slots = st.sets(st.integers(0, 2), min_size=1).map(lambda s: tuple(sorted(s)))
    values = st.lists(st.sampled_from([0, 1, 2, 0.1, 2.5]), max_size=2, unique=True).map(tuple)
    return [Match("c", draw(slots), (), time, f"id-{n}", "u", draw(values)) for n, time in enumerate(times)]


def new(rule: Correlation, lateness: int = ALWAYS) -> Window:
    return tally.window(Terms(rule, lateness, Census()))


def enter(window: Window, match: Match) -> list[Opening]:
    detail = metric.detail_of(match, window.terms.rule.kind)
    return list(insertion.enter(window, match.time, match.signal_id, match.user_id, detail))


def state_of(window: Window) -> bytes:
    window.forget()
    return resting.of_window(window, "u")


def restored(window: Window) -> Window:
    return resting.wake(window.terms, state_of(window), "u")


def brute_force(rule: Correlation, window: list[Match]) -> Any:
    numbers = sorted(Fraction(str(v)) for m in window for v in m.values if not isinstance(v, str))
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
        holds.append(
            measure is not None and all(COMPARISONS[b.comparison](measure, b.limit) for b in rule.bounds)
        )
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
    window = new(rule, lateness)
    opened = [o.evidence[-1] for match in ordered for o in enter(window, match)]
    expected = [ordered[stretch[0]].signal_id for stretch in episodes(ordered, truth(rule, ordered))]
    assert opened == expected


@given(rules(), entries(), st.sampled_from([0, 2, 8, ALWAYS]))
def test_out_of_order_each_episode_is_told_at_one_of_its_own_as_soon_as_it_is_there(
    rule: Correlation, arrived: list[Match], lateness: int
) -> None:
    window, told = new(rule, lateness), set[str]()
    known: list[Match] = []
    for match in arrived:
        if known and match.time < known[-1].time - lateness:
            continue
        known.insert(bisect_right([m.time for m in known], match.time), match)
        stretches = [[known[n].signal_id for n in each] for each in episodes(known, truth(rule, known))]
        untold = [stretch[0] for stretch in stretches if told.isdisjoint(stretch)]
        assert [o.evidence[-1] for o in enter(window, match)] == untold
        told.update(untold)


@given(rules(), entries(), st.integers(0, 19))
def test_a_window_goes_on_from_its_snapshot(rule: Correlation, arrived: list[Match], cut: int) -> None:
    whole, parted = new(rule), new(rule)
    for n, match in enumerate(arrived):
        if n == cut and parted.times:
            parted = restored(parted)
        assert enter(parted, match) == enter(whole, match)
    assert state_of(parted) == state_of(whole)


def enter_all(window: Window, *times: int) -> list[list[Opening]]:
    return [enter(window, Match("c", (0,), (), t, f"at-{t}", "u")) for t in times]


def test_late_entries_complete_an_episode_that_then_has_its_true_evidence() -> None:
    *none, (opening,) = enter_all(new(rule(Kind.EVENT_COUNT, "gte", 3)), 10, 12, 11)
    assert none == [[], []]
    assert (opening.time, opening.evidence, opening.measure) == (12, ["at-10", "at-11", "at-12"], 3)


def test_an_episode_that_a_late_entry_splits_is_told_of_its_other_part_too() -> None:
    window = new(rule(Kind.EVENT_COUNT, "lte", 2))
    openings = enter_all(window, 0, 4, 8, 12, 6)
    # At 8 there are now three in the window, at 12 two again.
    assert [[o.time for o in each] for each in openings] == [[0], [], [], [], [12]]


def test_what_was_told_and_taken_back_is_not_told_again_when_it_is_true_again() -> None:
    openings = enter_all(new(rule(Kind.EVENT_COUNT, "neq", 4)), 5, 4, 2, 0, 1)
    # At 5 there are four in the window with 0, and five with 1.
    assert [[o.time for o in each] for each in openings] == [[5], [], [], [0], []]


def test_an_episode_of_which_what_was_told_is_no_more_is_told_again() -> None:
    window = new(rule(Kind.EVENT_COUNT, "lt", 2))
    openings = enter_all(window, 10, 9)
    assert [[o.time for o in each] for each in openings] == [[10], [9]]


def test_two_episodes_that_a_late_entry_joins_were_two_when_they_were_told() -> None:
    openings = enter_all(new(rule(Kind.EVENT_COUNT, "gte", 2)), 0, 1, 8, 9, 4, 5)
    assert [[o.time for o in each] for each in openings] == [[], [1], [], [9], [], []]


def test_the_same_signal_again_changes_nothing() -> None:
    window = new(rule(Kind.EVENT_COUNT, "gte", 2))
    assert enter_all(window, 10, 10, 11, 10) == [[], [], enter_all(new(window.terms.rule), 10, 11)[1], []]


def test_evidence_is_bounded_and_ends_with_the_signal_that_completed_it() -> None:
    window = new(rule(Kind.EVENT_COUNT, "gte", MAX_EVIDENCE + 50))
    opened = [o for n in range(400) for o in enter(window, Match("c", (0,), (), 1, f"{n}", "u"))]
    assert [o.evidence for o in opened] == [[str(n) for n in range(50, MAX_EVIDENCE + 50)]]


@pytest.mark.parametrize("lateness", [0, 60, 5_000])
def test_a_long_stream_leaves_a_short_window(lateness: int) -> None:
    window = new(rule(Kind.VALUE_COUNT, "gte", 10**9), lateness)
    for time in range(10_000):
        enter(window, Match("c", (0,), (), time, str(time), "u", (time,)))
    assert len(window.times) <= 2 * (SPAN + lateness + 2)
    assert window.terms.census.full == 0
    assert all(later > earlier for earlier, later in pairwise(window.times))


@given(rules(), entries(), st.integers(0, 19))
def test_a_full_window_measures_what_it_still_holds(
    rule: Correlation, arrived: list[Match], cut: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "CAPACITY", 4)
        patch.setattr(insertion, "MAX_REDONE", 3)
        whole, parted = new(rule), new(rule)
        for n, match in enumerate(arrived):
            if n == cut and parted.times:
                parted = restored(parted)
            assert enter(parted, match) == enter(whole, match)
            by_id = {m.signal_id: m for m in arrived}
            start = whole.times[-1] - SPAN
            held = [by_id[i] for i, t in zip(whole.ids, whole.times, strict=True) if t >= start]
            assert whole.metric.measure() == brute_force(rule, held)
            assert whole.size == sum(len(detail) or 1 for detail in whole.details)
            assert whole.size <= 4 or len(whole.times) == 1
    assert state_of(parted) == state_of(whole)
    assert whole.terms.census.full + len(whole.times) == len(arrived)


def longest(number: int) -> Match:
    """An entry whose id, user and value are as large as they can be."""
    name = f"{number:05}".ljust(256, "\U0001f511")
    return Match("c", (0,), (), 1, name[:MAX_ID], name[:MAX_USER_ID], (name[:64],))


def test_a_window_keeps_the_newest_entries_and_its_state_fits_a_record() -> None:
    window = new(rule(Kind.VALUE_COUNT, "gte", CAPACITY), 0)
    matches = [longest(n) for n in range(CAPACITY + 50)]
    (opening,) = (o for match in matches for o in enter(window, match))
    assert (opening.measure, opening.evidence[-1]) == (CAPACITY, matches[CAPACITY - 1].signal_id)
    assert window.ids == [m.signal_id for m in matches[50:]]
    assert window.terms.census.full == 50
    assert (
        max(len(state) for _, state in snapshot.of_window(window, "", "d", 0)) < kafka.MAX_BATCH_BYTES // 10
    )


class Diligent:
    """A metric that counts what it is asked to do."""

    def __init__(self) -> None:
        self.steps = 0

    def add(self, _time: int, _detail: object) -> None:
        self.steps += 1

    def remove(self, _time: int, _detail: object) -> None:
        self.steps += 1

    def measure(self) -> None:
        return None


@pytest.mark.parametrize("late", [0, SPAN // 2, SPAN])
@pytest.mark.parametrize("last", [SPAN, SPAN + 1])
def test_late_entries_in_a_busy_group_cost_little(late: int, last: int) -> None:
    # Many at one time, and one that comes when they have just left the window, or are about to.
    window = new(rule(Kind.VALUE_SUM, "gte", 1))
    enter_all(window, 0)
    window.metric = metric = Diligent()
    window.low = 0
    for n in range(5_000):
        enter(window, Match("c", (0,), (), 0, str(n), "u"))
    enter_all(window, last)
    for n in range(20):
        before = metric.steps
        enter(window, Match("c", (0,), (), late, f"late-{n}", "u"))
        assert metric.steps - before <= 6 * MAX_REDONE
    assert window.terms.census.full == (20 if last > SPAN else 0)


def test_a_little_late_is_not_too_late_in_a_busy_group() -> None:
    window = new(replace(rule(Kind.EVENT_COUNT, "gte", 3_000), timespan=10_000))
    *_, (opening,) = enter_all(window, *(t for t in range(3_000) if t != 2_000), 2_000)
    assert opening.time == 2_999
    assert window.terms.census.full == 0
