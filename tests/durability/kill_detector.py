"""Kills detectors with kill -9, at random moments, while signals stream; and counts what was found.

    python -m tests.durability.kill_detector [--kills 50] [--seed 1]

Two detectors share the partitions and are killed in turn; after every fifth kill a third one joins the
group, or is killed out of it, so that partitions change hands in the midst. Are the anomalies those that
one engine finds that reads the same signals without a break? Prints counts; exit code 1 if not.
"""

import argparse
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.detector_lab import Findings, Process, expected, send, sprees
from tests.servers import running_kafka, until

from secure_signal.adapters import topics
from secure_signal.core.signal import Signal

_BETWEEN_WAVES = 0.25
_SPREES = 8
_LONGEST_LIFE = 3.0
_KILLS_TO_REBALANCE = 5


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with running_kafka() as kafka:
        topics.ensure(kafka.address, partitions=4, replication_factor=1)
        findings = Findings(kafka.address)
        with detectors(kafka.address) as (pair, third), stream(kafka.address, asked.seed) as sent:
            rebalances = kill(pair, third, asked.kills, random.Random(asked.seed))
        wanted = expected(sent)
        with detectors(kafka.address):
            until(lambda: findings.read().keys() >= wanted, "all are found", seconds=120)
            settle(findings)
        found = findings.read().keys()
        findings.close()
    missing, extra = len(wanted - found), len(found - wanted)
    say(
        f"kills {asked.kills}, rebalances {rebalances}, signals {len(sent)}, anomalies {len(found)}, "
        f"missing {missing}, extra {extra}"
    )
    return 1 if missing or extra else 0


@contextmanager
def detectors(address: str) -> Iterator[tuple[list[Process], Process]]:
    """Two that have a name, and so their partitions back at once; and one that does not run yet."""
    with ExitStack() as stack:
        pair = [Process(address, instance=name) for name in ("a", "b")]
        third = Process(address, instance="")
        third.kill()
        for process in (*pair, third):
            stack.callback(process.end)
        yield pair, third


@contextmanager
def stream(address: str, seed: int) -> Iterator[list[Signal]]:
    """Sends signals until its end; the list has what was sent."""
    sent: list[Signal] = []
    stop = threading.Event()

    def run() -> None:
        wave = 0
        while not stop.wait(_BETWEEN_WAVES):
            wave += 1
            signals = sprees(_SPREES, seed=1_000 * seed + wave)
            send(address, signals)
            sent.extend(signals)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield sent
    finally:
        stop.set()
        thread.join()


def kill(pair: list[Process], third: Process, kills: int, draw: random.Random) -> int:
    """Kill so many times; how often the partitions were shared anew because the third came or went."""
    rebalances, is_third_there = 0, False
    for number in range(1, kills + 1):
        time.sleep(draw.uniform(0, _LONGEST_LIFE))
        victim = draw.choice(pair)
        victim.kill()
        victim.start()
        if number % _KILLS_TO_REBALANCE:
            continue
        if is_third_there:
            third.kill()
        else:
            third.start()
            until(lambda: third.holds() > 0, "the third has partitions")
        is_third_there = not is_third_there
        rebalances += 1
        say(f"  {number} kills, {rebalances} rebalances")
    return rebalances


def settle(findings: Findings) -> None:
    """Wait until nothing more is found."""
    last, still = -1, 0
    while still < 20:
        now = len(findings.read())
        still = still + 1 if now == last else 0
        last = now
        time.sleep(0.25)


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
