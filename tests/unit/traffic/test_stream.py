"""The stream as a whole: reproducible, on time, valid, truthfully labelled."""

from collections import Counter
from itertools import islice, pairwise

import pytest

from secure_signal.core import instant, signal
from secure_signal.core.traffic import label
from secure_signal.core.traffic.attacks import KINDS
from secure_signal.core.traffic.emission import Emission
from secure_signal.core.traffic.label import Label
from secure_signal.core.traffic.stream import Traffic, stream

SECOND = instant.SECOND
START = instant.parse("2026-05-04T09:00:00Z")
TEN_MINUTES = START + 600 * SECOND


def made(
    seed: int, rate: float = 50, burst: bool = False, end: int = TEN_MINUTES
) -> tuple[list[Emission], list[Label]]:
    events = list(stream(Traffic(seed, rate, burst), START, end))
    emissions = [event for event in events if isinstance(event, Emission)]
    return emissions, [event for event in events if isinstance(event, Label)]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    def beginning(seed: int) -> list[Emission | Label]:
        return list(islice(stream(Traffic(seed, 50), START), 3000))

    assert beginning(1) == beginning(1)
    assert beginning(1) != beginning(2)


@pytest.mark.parametrize("burst", [False, True])
@pytest.mark.parametrize("rate", [2, 50])
def test_the_mean_rate_is_as_asked_for_with_the_attacks_in_it(rate: int, burst: bool) -> None:
    emissions, labels = made(3, rate, burst)
    assert labels
    assert len(emissions) == pytest.approx(600 * rate, rel=0.05)


def test_a_burst_has_quiet_and_peaks() -> None:
    emissions, _ = made(4, burst=True)
    a_second = Counter((emission.due - START) // SECOND % 30 for emission in emissions)
    quiet, peak = sum(a_second[s] for s in range(20)) / 20, sum(a_second[s] for s in range(20, 30)) / 10
    assert peak > 3 * quiet


def test_signals_come_in_order_of_time_inside_the_interval_each_with_an_id_of_its_own() -> None:
    emissions, _ = made(5)
    assert all(a.due <= b.due for a, b in pairwise(emissions))
    assert emissions[0].due >= START
    assert emissions[-1].due < TEN_MINUTES
    assert len({emission.signal.id for emission in emissions}) == len(emissions)


def test_every_signal_keeps_the_contract() -> None:
    for emission in made(6, end=START + 120 * SECOND)[0]:
        assert signal.decode(signal.encode(emission.signal)) == emission.signal
        assert emission.signal.timestamp == emission.due


@pytest.mark.parametrize("rate", [1, 50])
def test_labels_name_exactly_the_signals_of_their_attacks(rate: int) -> None:
    emissions, labels = made(7, rate)
    named = {id_: one.id for one in labels for id_ in one.signal_ids}
    assert named == {e.signal.id: e.label_id for e in emissions if e.label_id}
    by_id = {emission.signal.id: emission for emission in emissions}
    for one in labels:
        attack = [by_id[id_] for id_ in one.signal_ids]
        assert (one.start, one.end) == (attack[0].due, attack[-1].due)
        assert set(one.user_ids) == {emission.signal.user_id for emission in attack}
        assert label.decode(label.encode(one)) == one


def test_a_label_comes_before_its_attack() -> None:
    known = set()
    for event in islice(stream(Traffic(8, 50), START), 10_000):
        if isinstance(event, Label):
            known.add(event.id)
        else:
            assert event.label_id is None or event.label_id in known


def test_every_kind_comes_several_times_in_ten_minutes_the_first_at_once() -> None:
    _, labels = made(9)
    kinds = Counter(one.kind for one in labels)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 3
    assert labels[0].start < START + 15 * SECOND


@pytest.mark.parametrize("rate", [1, 5, 50])
def test_attacks_are_a_small_part_of_the_traffic(rate: int) -> None:
    emissions, _ = made(10, rate)
    assert sum(1 for emission in emissions if emission.label_id) < 0.25 * len(emissions)
