"""Kills the emitter, the processor, the detector, Kafka and PostgreSQL once each while signals come in.

    python -m tests.durability.kill_everything [--signals 100000] [--seed 1]

The same signals go through two fresh stacks, one left in peace. Then: is every acknowledged id in
``signals`` exactly once, and are the anomalies the same? Prints counts; exit code 1 if not.

Anomalies are the same when each rule found as many in each group. A group that users share is fed from
several partitions, so another signal of the same instant or so may be the one that completes it.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
from tests.durability.local_stack import COMMAND, LocalStack, pid_of, running, wait_until
from tests.durability.sender import send

VICTIMS = ("emitter", "processor", "detector", "kafka", "postgres")


@dataclass(frozen=True)
class Outcome:
    """What one run left: how often each id stands in ``signals``, and each anomaly's id and group."""

    retries: int
    stored: dict[str, int]
    anomalies: dict[str, str]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--signals", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="secure-signal-") as folder:
        lines = made_signals(Path(folder), asked.signals, asked.seed)
        say(f"{len(lines)} signals made from seed {asked.seed}")
        peace = one_run(Path(folder) / "peace", lines, victims=())
        killed = one_run(Path(folder) / "killed", lines, VICTIMS)
    return verdict({json.loads(line)["id"] for line in lines}, peace, killed)


def made_signals(folder: Path, count: int, seed: int) -> list[bytes]:
    """The first ``count`` signals of the generator, attacks among them."""
    labels = folder / "labels.ndjson"
    rate = 50
    minutes = str(count // (60 * rate) + 2)
    words = (
        "generate",
        "--minutes",
        minutes,
        "--rate",
        str(rate),
        "--seed",
        str(seed),
        "--labels",
        str(labels),
    )
    made = subprocess.run([*COMMAND, *words], stdout=subprocess.PIPE, check=True)
    return made.stdout.splitlines()[:count]


def one_run(data: Path, lines: list[bytes], victims: tuple[str, ...]) -> Outcome:
    """Send everything through a fresh stack, killing each victim once at its point of the way."""
    with running(data) as stack:
        killer = Killer(stack, {(i + 1) * len(lines) // (len(victims) + 1): v for i, v in enumerate(victims)})
        retries = send(stack.emitter_url, lines, killer.reached)
        killer.join()
        say(f"all {len(lines)} acknowledged, {retries} batches sent again")
        with psycopg.connect(stack.environment()["DATABASE_URL"], autocommit=True) as database:
            wait_until("every signal stored", 120, lambda: rows(database, "signals") >= len(lines))
            settle(stack, lambda: rows(database, "anomalies"))
            return Outcome(retries, stored(database), found(database))


class Killer:
    """Kills victims from its own thread when the sender has come so far: a request is always under way."""

    def __init__(self, stack: LocalStack, victims: dict[int, str]) -> None:
        self._stack = stack
        self._due = sorted(victims.items())
        self._threads: list[threading.Thread] = []

    def reached(self, sent: int) -> None:
        """Told by the sender; kills whoever is due."""
        while self._due and sent >= self._due[0][0]:
            _, victim = self._due.pop(0)
            thread = threading.Thread(target=self._kill, args=(victim, sent))
            thread.start()
            self._threads.append(thread)

    def join(self) -> None:
        """Wait until the last victim is dead and runs again."""
        for thread in self._threads:
            thread.join()

    def _kill(self, victim: str, sent: int) -> None:
        gone = self._stack.kill(victim)
        say(f"  killed {victim} (process {gone}) after {sent} signals")
        wait_until(
            f"{victim} runs again", 60, lambda: pid_of(self._stack.status(), victim) not in (None, gone)
        )


def settle(stack: LocalStack, count: Callable[[], int]) -> None:
    """Wait until no consumer lags and the count of anomalies stands still."""
    last, still = -1, 0
    while still < 12:
        wait_until("no consumer lag", 120, stack.has_caught_up)
        now = count()
        still = still + 1 if now == last else 0
        last = now


def rows(database: psycopg.Connection, table: str) -> int:
    query = psycopg.sql.SQL("SELECT count(*) FROM {}").format(psycopg.sql.Identifier(table))
    row = database.execute(query).fetchone()
    return int(row[0]) if row else 0


def stored(database: psycopg.Connection) -> dict[str, int]:
    return dict(database.execute("SELECT id, count(*) FROM signals GROUP BY id").fetchall())


def found(database: psycopg.Connection) -> dict[str, str]:
    cursor = database.execute("""SELECT id::text, rule_title || ' ' || "group"::text FROM anomalies""")
    return dict(cursor.fetchall())


def verdict(acked: set[str], peace: Outcome, killed: Outcome) -> int:
    """Print the counts; 0 when nothing was lost, doubled, missed or made up."""
    lost = sum(i not in killed.stored for i in acked)
    doubled = sum(n > 1 for n in killed.stored.values())
    before, after = Counter(peace.anomalies.values()), Counter(killed.anomalies.values())
    missing, extra = before - after, after - before
    elsewhere = len(peace.anomalies.keys() - killed.anomalies.keys()) - missing.total()
    say(f"acknowledged {len(acked)}, stored {sum(killed.stored.values())}, lost {lost}, doubled {doubled}")
    say(
        f"anomalies {before.total()} in peace, {after.total()} with kills, missing {missing.total()}, "
        f"extra {extra.total()}; completed by another signal {elsewhere}"
    )
    for label, some in (("missing", missing), ("extra", extra)):
        for text in list(some)[:10]:
            say(f"  {label}: {text}")
    return 1 if lost or doubled or missing or extra else 0


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
