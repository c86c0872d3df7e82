"""Chains on a real Kafka: what an inner rule finds reaches the outer one, wherever each has its groups."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.detector_lab import Findings, Process, expected, send
from tests.servers import until

from secure_signal.core.instant import SECOND
from secure_signal.core.signal import Signal

pytestmark = pytest.mark.integration

RULES = Path(__file__).parents[1] / "shared_chains"


@pytest.fixture
def detectors(kafka_bootstrap: str, topics: None) -> Iterator[list[Process]]:
    """Two that share the partitions evenly."""
    started = [Process(kafka_bootstrap, "", RULES) for _ in range(2)]
    until(lambda: all(one.shares(2) for one in started), "they share the partitions")
    yield started
    for process in started:
        process.end()


def attacks(count: int) -> list[Signal]:
    """One after another, for inner groups that users share in outer ones of a user, and the other way round.

    A user completes the failures of others at two addresses; two users have their third failure, each from
    another device, at the same address.
    """
    failures: list[tuple[str, str, int]] = []
    for n in range(count):
        for address in (f"{n}.1", f"{n}.2"):
            failures += [(f"{n}-{who}-{address}", address, 0) for who in "ab"]
            failures.append((f"{n}-everywhere", address, 0))
        for user in (f"{n}-c", f"{n}-d"):
            failures += [(user, f"{n}.{user}.0", 0), (user, f"{n}.{user}.1", 1), (user, f"{n}.3", 2)]
    begin = int(time.time()) * SECOND
    return [
        Signal(
            str(number),
            user,
            "auth.login",
            begin + number * 1000,
            f'{{"outcome": "failure", "ip": "{address}", "device": "{device}"}}'.encode(),
        )
        for number, (user, address, device) in enumerate(failures)
    ]


def test_two_instances_and_the_one_that_stays_find_what_one_engine_finds(
    kafka_bootstrap: str, detectors: list[Process]
) -> None:
    signals = attacks(12)
    ids = expected(signals, RULES)
    assert len(ids) == 24
    findings = Findings(kafka_bootstrap)
    half = len(signals) // 2
    send(kafka_bootstrap, signals[:half])
    until(lambda: findings.has(8), "the first are found")
    assert detectors[0].stop() == 0
    send(kafka_bootstrap, signals[half:])
    until(lambda: findings.read().keys() >= ids, "all are found")
    assert findings.read().keys() == ids
    known = {signal.id for signal in signals}
    assert all(set(found.evidence) <= known for found in findings.read().values())
    findings.close()
