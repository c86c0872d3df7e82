"""What counts as found, as a false alarm, and as neither."""

import pytest

from secure_signal.core.instant import SECOND
from secure_signal.core.score import Delay, Finding, score
from secure_signal.core.traffic.label import Label


def attack(
    id_: str, kind: str = "brute_force", start: int = 100, end: int = 110, signals: tuple[str, ...] = ()
) -> Label:
    return Label(
        id=id_,
        kind=kind,
        start=start * SECOND,
        end=end * SECOND,
        user_ids=["alice"],
        ip=None,
        signal_ids=list(signals) or [f"{id_}-1", f"{id_}-2"],
    )


def finding(kind: str, *evidence: str, at: int = 105, told: int | None = None) -> Finding:
    return Finding(kind, at * SECOND, (told or at) * SECOND, evidence)


def test_a_finding_of_its_kind_and_with_its_signals_finds_an_attack() -> None:
    total = score([attack("a")], [finding("brute_force", "other", "a-2")]).total
    assert (total.attacks, total.found, total.recall, total.precision) == (1, 1, 1.0, 1.0)


def test_evidence_of_something_else_is_a_false_alarm_and_finds_nothing() -> None:
    total = score([attack("a")], [finding("brute_force", "other")]).total
    assert (total.found, total.false_alarms, total.recall, total.precision) == (0, 1, 0.0, 0.0)


def test_another_kind_on_an_attacks_signals_is_a_false_alarm() -> None:
    total = score([attack("a")], [finding("mass_download", "a-1")]).total
    assert (total.found, total.false_alarms) == (0, 1)


def test_what_such_an_attack_also_is_is_true_but_does_not_find_it() -> None:
    total = score([attack("a")], [finding("impossible_travel", "a-1")]).total
    assert (total.found, total.true_alarms, total.false_alarms) == (0, 1, 0)


def test_attacks_across_the_edges_count_neither_way() -> None:
    labels = [attack("begun", start=10, end=60), attack("inside"), attack("running", start=190, end=210)]
    found = [
        finding("brute_force", "begun-1", at=55),
        finding("brute_force", "inside-1"),
        finding("brute_force", "running-1", at=195),
    ]
    total = score(labels, found, since=50 * SECOND, until=200 * SECOND).total
    assert (total.attacks, total.found, total.true_alarms, total.false_alarms) == (1, 1, 1, 0)


def test_false_alarms_outside_the_interval_do_not_count() -> None:
    found = [finding("brute_force", "x", at=49), finding("brute_force", "x", at=50)]
    assert score([attack("a")], found, since=50 * SECOND).total.false_alarms == 1


def test_an_attack_that_stopped_in_the_midst_counts_neither_way_and_is_told() -> None:
    result = score([attack("a"), attack("b")], [finding("brute_force", "b-1")], missing={"b-2"})
    total = result.total
    assert (total.attacks, total.found, total.true_alarms, total.left_out) == (1, 0, 0, 1)


@pytest.mark.parametrize("lost", [{"b-1"}, {"b-1", "b-2"}])
def test_an_attack_whose_signals_the_pipeline_lost_is_missed(lost: set[str]) -> None:
    total = score([attack("a"), attack("b")], [finding("brute_force", "a-1")], missing=lost).total
    assert (total.attacks, total.found, total.recall, total.left_out) == (2, 1, 0.5, 0)


@pytest.mark.parametrize(("stopped", "reached"), [(20, True), (21, False)])
def test_a_score_that_leaves_out_more_than_a_fifth_reaches_nothing(stopped: int, reached: bool) -> None:
    labels = [attack(str(n)) for n in range(100)]
    found = [finding("brute_force", f"{n}-1") for n in range(100)]
    result = score(labels, found, missing={f"{n}-2" for n in range(stopped)})
    assert result.total.left_out == stopped
    assert result.reaches(precision=0.1, recall=0.1) is reached
    assert result.reaches(precision=0, recall=0)


def test_a_kind_of_which_no_attack_was_whole_misses_any_recall_asked_for() -> None:
    labels = [*map(attack, "acdef"), attack("b", kind="mass_download")]
    result = score(labels, [finding("brute_force", f"{id_}-1") for id_ in "acdef"], missing={"b-2"})
    assert result.total.recall == 1
    assert not result.reaches(precision=0, recall=0.1)
    assert result.reaches(precision=0.1, recall=0)


def test_what_is_told_again_of_an_attack_makes_no_score_better() -> None:
    again = [finding("brute_force", "a-1", at=at) for at in range(100, 290)]
    total = score([attack("a")], again + [finding("brute_force", "x")] * 9).total
    assert (total.true_alarms, total.false_alarms, total.precision) == (1, 9, 0.1)


def test_one_attack_found_twice_is_found_once_by_the_first_that_was_told() -> None:
    found = [
        finding("brute_force", "a-2", at=109, told=112),
        finding("brute_force", "a-1", at=104, told=106),
    ]
    total = score([attack("a")], found).total
    assert (total.found, total.true_alarms) == (1, 1)
    assert total.since_first == Delay(6, 6)
    assert total.since_completing == Delay(2, 2)


def test_the_percentile_is_the_nearest_rank() -> None:
    labels = [attack(str(n), start=0, end=100) for n in range(1, 21)]
    found = [finding("brute_force", f"{n}-1", at=n) for n in range(1, 21)]
    assert score(labels, found).total.since_first == Delay(10.5, 19)


def test_a_kind_that_was_never_found_misses_any_recall_asked_for() -> None:
    labels = [attack(str(n)) for n in range(99)] + [attack("x", kind="mass_download")]
    result = score(labels, [finding("brute_force", f"{n}-1") for n in range(99)])
    assert result.total.recall == 0.99
    assert result.reaches(precision=1, recall=0)
    assert not result.reaches(precision=0, recall=0.9)


def test_a_type_that_is_no_kind_has_a_row_of_its_own() -> None:
    rows = {row.kind: row for row in score([attack("a")], [finding("strange", "x")]).kinds}
    assert (rows["strange"].attacks, rows["strange"].recall, rows["strange"].precision) == (0, None, 0.0)
    assert rows["brute_force"].precision is None
