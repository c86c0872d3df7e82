"""What the runs claim is what was evaluated, whoever died and whatever was reloaded."""

import random
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from secure_signal.core.detection.inquiry import coverage
from secure_signal.core.detection.inquiry.coverage import KEPT, Coverage, Run, Runs, merged
from secure_signal.core.detection.rules.rule_list import RuleHead, RuleList


def run(ruleset: str = "a", first: int = 0, next_: int = 10, partition: int = 0, topic_id: str = "id") -> Run:
    return Run(
        "signal-events", partition, topic_id, ruleset, first, next_, since=first * 10, until=next_ * 10
    )


ARRIVAL = 1_000


def begin(ruleset: str, offset: int) -> Run:
    return Run("signal-events", 0, "id", ruleset, offset, offset)


@dataclass
class World:
    """A partition whose owners die: what each rule set evaluated in truth, and what is saved of it."""

    marker: int = 0
    owners: int = 0
    saved: dict[str, Run] = field(default_factory=dict)
    evaluated: set[tuple[str, int]] = field(default_factory=set)

    def live(self, steps: list[tuple[int, bool, str | None]], dies_before_marker: bool) -> None:
        """Steps are records read, whether a checkpoint follows, and the rule set that comes after."""
        offset, ruleset = self.marker, "a"
        self.owners += 1
        runs = Runs(begin(ruleset, offset), str(self.owners))
        former = runs.resume(self.saved)
        for count, saves, following in steps:
            if count:
                self.evaluated |= {(ruleset, n) for n in range(offset, offset + count)}
                for n in range(offset, offset + count):
                    runs.reach(n + 1, ARRIVAL + n)
                offset += count
            if following:
                former += runs.turn_to(following)
                ruleset = following
            if saves:
                self.saved |= runs.unsaved()
                self.marker = offset
                for key in former:
                    self.saved.pop(key, None)
                former.clear()
        if dies_before_marker:
            self.saved |= runs.unsaved()

    def claims(self) -> set[tuple[str, int]]:
        return {(run.ruleset, n) for run in self.saved.values() for n in range(run.first, run.next)}


STEP = st.tuples(st.integers(0, 5), st.booleans(), st.none() | st.sampled_from("ab"))


@given(st.lists(st.tuples(st.lists(STEP, max_size=6), st.booleans()), max_size=6))
def test_a_run_claims_what_was_evaluated_and_all_up_to_the_marker_is_claimed(
    lives: list[tuple[list[tuple[int, bool, str | None]], bool]],
) -> None:
    world = World()
    for steps, dies_before_marker in lives:
        world.live(steps, dies_before_marker)
        assert world.claims() <= world.evaluated
        assert {n for _, n in world.claims()} >= set(range(world.marker))
        for saved in world.saved.values():
            assert (saved.since, saved.until) == (ARRIVAL + saved.first, ARRIVAL + saved.next - 1)


def test_restarts_alone_make_no_more_runs() -> None:
    world = World()
    for _ in range(50):
        world.live([(3, True, None)], dies_before_marker=False)
    (only,) = world.saved.values()
    assert (only.first, only.next) == (0, 150)


def test_a_topic_made_anew_is_not_taken_for_the_old_one() -> None:
    runs = Runs(begin("a", 0), "2")
    assert runs.resume({"old": run(topic_id="gone", next_=100)}) == []
    runs.reach(5, ARRIVAL)
    (saved,) = runs.unsaved().values()
    assert (saved.topic_id, saved.first, saved.next) == ("id", 0, 5)


def test_runs_are_forgotten_when_they_are_old_or_too_many() -> None:
    old = Run("signal-events", 0, "id", "x", 0, 10, since=0, until=9)
    late = Run("signal-events", 0, "id", "y", 20, 30, since=KEPT + 20, until=KEPT + 29)
    assert Runs(begin("a", 40), "2").resume({"old": old, "late": late}) == ["old"]
    many = {str(n): run("b" if n % 2 else "c", n * 10, n * 10 + 10) for n in range(coverage._MOST + 7)}
    assert Runs(begin("a", 10**6), "2").resume(many) == [str(n) for n in range(7)]


def test_an_evaluation_after_a_crash_by_another_rule_set_is_another_run() -> None:
    world = World()
    world.live([(5, True, None), (3, False, None)], dies_before_marker=True)
    world.live([(0, False, "b"), (4, True, None)], dies_before_marker=False)
    found = sorted((r.ruleset, r.first, r.next) for r in merged(world.saved.values()))
    assert found == [("a", 0, 8), ("b", 5, 9)]


@given(st.lists(st.builds(run, st.sampled_from("ab"), st.integers(0, 9), st.integers(10, 15)), max_size=8))
def test_merged_runs_claim_the_same(runs: list[Run]) -> None:
    def claims(of: list[Run]) -> set[tuple[str, int]]:
        return {(r.ruleset, n) for r in of for n in range(r.first, r.next)}

    random.Random(1).shuffle(runs)
    assert claims(merged(runs)) == claims(runs)
    assert len(merged(runs)) <= 2


def test_whether_a_rule_was_on() -> None:
    head = RuleHead("r1", "One", "one", "detection", "low", "d1")
    found = Coverage(
        (run("a", 0, 10), run("b", 8, 20), run("lost", 20, 30), run("a", 0, 10, partition=1)),
        {"a": RuleList("a", 0, []), "b": RuleList("b", 0, [head])},
    )

    def on(partition: int, offset: int) -> bool | None:
        return found.was_on("r1", "signal-events", partition, offset).on

    assert [on(0, 7), on(0, 15), on(1, 7)] == [False, True, False]
    # Evaluated twice, by a set nobody remembers, not evaluated, another topic.
    assert [on(0, 9), on(0, 25), on(1, 15)] == [None, None, None]
    assert not found.was_on("r1", "signal-matches", 0, 7).evaluations
    assert found.was_on_between("r1", "signal-events", 130, 150).on is True
    assert [e.run.ruleset for e in found.was_on_between("r1", "signal-events", 90, 100).evaluations] == [
        "a",
        "b",
        "a",
    ]
