"""Groups find what their windows would, however often they rest, are saved in pages and restored."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.detection.test_window import ALWAYS, SPAN, enter, entries, new, rule, rules

from secure_signal.core.detection.rules.correlation import Correlation, Kind
from secure_signal.core.detection.windowing import groups, metric, pages, population, snapshot
from secure_signal.core.detection.windowing.match import Match, Scalar
from secure_signal.core.detection.windowing.window import Opening
from secure_signal.core.detection.windowing.windows import Windows


@pytest.fixture(autouse=True, scope="module")
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(groups, "_SMALLEST_SWEEP", 2)
        patch.setattr(pages, "PAGE", 2)
        yield


def restored(
    old: Windows, rule: Correlation, kept: dict[str, bytes], order: random.Random, lateness: int = ALWAYS
) -> Windows:
    changes = list(old.changes())
    kept.update((key, state) for key, state in changes if state is not None)
    for key, state in changes:
        if state is None:
            kept.pop(key, None)
    after = Windows([rule], lateness)
    assert all(after.restore(key, kept[key]) for key in order.sample(list(kept), len(kept)))
    after.watermark = old.watermark
    assert len(after) == len(old)
    return after


@given(
    rules(),
    entries(),
    st.sets(st.integers(0, 19)),
    st.randoms(use_true_random=False),
    st.sampled_from([0, 2, 8, ALWAYS]),
    st.sampled_from([0, 8_192]),
)
def test_a_group_that_rests_and_is_restored_finds_what_its_window_would(
    rule: Correlation,
    arrived: list[Match],
    cuts: set[int],
    order: random.Random,
    lateness: int,
    few: int,
) -> None:
    alone, windows, kept = new(rule, lateness), Windows([rule], lateness), dict[str, bytes]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(population, "_FEW", few)
        for position, match in enumerate(arrived):
            if position in cuts:
                windows = restored(windows, rule, kept, order, lateness)
            detail = metric.detail_of(match, rule.kind)
            found = windows.groups("c").enter(
                (), match.time, match.signal_id, match.user_id, detail, position, match.time
            )
            is_late = alone.times and match.time < alone.times[-1] - lateness
            assert list(found) == ([] if is_late else enter(alone, match))


GROUPS: list[tuple[Scalar, ...]] = [
    ("1",),
    (1,),
    (1.0,),
    (True,),
    ("true",),
    (),
    ("",),
    ("1", "1"),
    ("1\x00", "1"),
    (b"\x90".decode("latin-1"),),
]


def test_groups_of_equal_looks_are_apart_before_and_after_a_restore() -> None:
    windows, kept = Windows([rule(Kind.EVENT_COUNT, "gte", 9)], ALWAYS), dict[str, bytes]()
    for position in range(3):
        for number, group in enumerate(GROUPS):
            windows.groups("c").enter(group, position, f"{position}-{number}", "u", (), position, position)
        windows = restored(windows, rule(Kind.EVENT_COUNT, "gte", 9), kept, random.Random(position))
    assert len(windows) == len(GROUPS)


def test_of_a_busy_group_only_what_is_new_is_saved() -> None:
    windows = Windows([rule(Kind.EVENT_COUNT, "gte", 10**6)], ALWAYS)
    enter_one = windows.groups("c").enter
    for time in range(1_000):
        enter_one(("busy",), time, f"{time:036}", "u", (), time, time)
    first = list(windows.changes())
    enter_one(("busy",), 1_000, "last", "u", (), 1_000, 1_000)
    ((key, state),) = windows.changes()
    assert (len(first), key) == (500, '["c","busy"]')
    assert state is not None
    assert len(snapshot.read(state).state) < 200


def test_a_flood_displaces_itself_and_not_an_attack_under_way() -> None:
    windows = Windows([rule(Kind.EVENT_COUNT, "gte", 5)], ALWAYS, limit=20_000)
    found: list[Opening] = []
    for number in range(5_000):
        group = ("victim",) if number % 1_000 == 0 or number == 1 else (f"random-{number}",)
        found += windows.groups("c").enter(group, number // 1_000, f"{number}", "u", (), number, number)
    assert [o.evidence for o in found] == [["0", "1", "1000", "2000", "3000"]]
    assert len(windows) <= 100
    assert windows.crowded >= 5_000 - 200


def test_who_floods_one_rule_leaves_the_groups_of_others() -> None:
    quiet, loud = rule(Kind.EVENT_COUNT, "gte", 9), replace(rule(Kind.VALUE_COUNT, "gte", 9), id="loud")
    windows = Windows([quiet, loud], ALWAYS, limit=20_000)
    for number in range(1_000):
        if number < 40:
            windows.groups("c").enter((f"{number}",), SPAN, f"{number}", "u", (), number, SPAN)
        windows.groups("loud").enter((f"{number}",), SPAN, f"{number}", "u", (1,), number, SPAN)
    assert len(windows.groups("c")) == 40


def test_an_episode_whose_beginning_is_dropped_at_rest_is_not_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(population, "_FEW", 0)
    monkeypatch.setattr(pages, "PAGE", 128)
    windows = Windows([replace(rule(Kind.EVENT_COUNT, "gte", 12), timespan=50)], lateness=50)
    others = [(f"other-{number}", 105) for number in range(12)]
    burst, rest, late = [0] * 12 + [10, 12, 14], [106, 107, 108, 109, 111], [62]
    entered = [*(("g", time) for time in [*burst, 105]), *others, *(("g", time) for time in [*rest, *late])]
    told = [
        opening.time
        for number, (group, time) in enumerate(entered)
        for opening in windows.groups("c").enter((group,), time, f"{number}", "u", (), number, time)
    ]
    assert told == [0]


@given(rules(), entries(), st.integers(300, 6_000))
def test_what_groups_took_is_given_back_however_often_they_were_crowded(
    rule: Correlation, arrived: list[Match], limit: int
) -> None:
    windows = Windows([rule], ALWAYS, limit)
    of_rule = windows.groups("c")
    for position, match in enumerate(arrived):
        detail = metric.detail_of(match, rule.kind)
        group = (match.signal_id[-1:],)
        of_rule.enter(group, match.time, match.signal_id, "u", detail, position, match.time)
    for key in [key for key, _ in windows.changes()]:
        windows.drop(key)
    assert (len(windows), of_rule.memory) == (0, 0)


def test_a_few_groups_with_many_entries_displace_themselves() -> None:
    windows = Windows([rule(Kind.EVENT_COUNT, "gte", 5)], ALWAYS, limit=2_000_000)
    enter_one = windows.groups("c").enter
    for position in range(3):
        enter_one(("victim",), position, f"{position}", "u", (), position, SPAN)
    for position in range(3, 60_000):
        enter_one((f"busy-{position // 2_000}",), position % 2_000, f"{position}", "u", (), position, SPAN)
    assert windows.crowded > 0
    assert windows.groups("c").memory <= 2_500_000
    found = [enter_one(("victim",), SPAN, f"last-{n}", "u", (), 60_000 + n, SPAN) for n in range(2)]
    assert [opening.evidence for openings in found for opening in openings] == [
        ["0", "1", "2", "last-0", "last-1"]
    ]
