"""Signals a second from HTTP to Kafka and from Kafka to PostgreSQL, beside psql's own ``\\copy``.

Each round sends the signals through the real signal-emitter, stores them with the real
signal-processor, then loads the same rows from a file with psql into the same table, emptied. Both
servers, both services and the load client share this machine.
"""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from tests.servers import open_folder, running_kafka, running_postgres

from benchmarks import load, report
from benchmarks.service import await_ready, running
from secure_signal.adapters import postgres
from secure_signal.adapters.day_partitions import DAY, DayPartitions
from secure_signal.stack import postgres_home

BATCH = 100
COLUMNS = "id, user_id, type, timestamp, payload"
PASSED = "SELECT coalesce(sum(next_offset), 0)::bigint FROM consumer_offsets"
BEGUN = "SELECT extract(epoch FROM min(received_at))::float FROM signals"


@dataclass(frozen=True)
class Stage:
    """Where the benchmark plays, and how large a round is."""

    kafka: str
    database: str
    folder: Path
    progress: Progress
    signals: int

    @property
    def environment(self) -> dict[str, str]:
        """What points a service at this Kafka and this PostgreSQL."""
        return {
            "KAFKA_BOOTSTRAP_SERVERS": self.kafka,
            "DATABASE_URL": self.database,
            "SIGNALS_PER_SECOND": "0",
            "SECURE_SIGNAL_API_KEYS": "off",
        }

    def task(self, description: str) -> TaskID:
        """A line of progress."""
        return self.progress.add_task(description, total=self.signals)


def main(
    signals: Annotated[int, typer.Option(min=1000, help="Signals of one round")] = 100_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the table shows their medians")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the signals")] = 1,
) -> None:
    """Measure HTTP to Kafka, and Kafka to PostgreSQL beside psql's \\copy of the same rows."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns) as progress, open_folder() as folder:
        starting = progress.add_task("Starting Kafka and PostgreSQL", total=2)
        with running_kafka() as kafka, running_postgres() as database:
            progress.advance(starting, 2)
            stage = Stage(kafka.address, database.address, folder, progress, signals)
            measured = [measure(stage, seed, number + 1) for number in range(rounds)]
    report.show(measured, signals)


def measure(stage: Stage, seed: int, number: int) -> report.Round:
    """One round: the same signals take the three ways, one after the other."""
    sent = emit(stage, seed, stage.task(f"Round {number}: HTTP to Kafka"))
    with emptied(stage) as connection:
        stored = store(stage, connection, stage.task(f"Round {number}: Kafka to PostgreSQL"))
    psql(stage, f"\\copy (SELECT {COLUMNS} FROM signals) TO rows")
    with emptied(stage):
        copied = copy(stage, stage.task(f"Round {number}: psql \\copy"))
    return report.Round(*(stage.signals / seconds for seconds in (sent, stored, copied)))


def emit(stage: Stage, seed: int, task: TaskID) -> float:
    """Seconds from the first request to the last acknowledgement."""
    wires = list(load.signals(stage.signals, seed))
    bodies = [b"\n".join(wires[i : i + BATCH]) for i in range(0, len(wires), BATCH)]
    with running("emitter", stage.environment) as port:
        await_ready(port)
        return load.post("127.0.0.1", port, bodies, lambda: stage.progress.advance(task, BATCH))


def store(stage: Stage, connection: psycopg.Connection, task: TaskID) -> float:
    """Seconds from the begin of the processor's first transaction to the end of its last."""
    before = done = number(connection, PASSED)
    with running("processor", stage.environment):
        while done - before < stage.signals:
            time.sleep(0.005)
            done = number(connection, PASSED)
            stage.progress.update(task, completed=done - before)
        return time.time() - number(connection, BEGUN)


def copy(stage: Stage, task: TaskID) -> float:
    """Seconds that psql says its copy took."""
    said = psql(stage, f"\\copy signals ({COLUMNS}) FROM rows")
    stage.progress.update(task, completed=stage.signals)
    took = re.search(r"Time: ([\d.]+) ms", said)
    assert took, said
    return float(took[1]) / 1000


def psql(stage: Stage, command: str) -> str:
    """What psql answers to one command, with its time."""
    program = str(postgres_home.binaries(None) / "psql")
    arguments = [program, "--no-psqlrc", stage.database, "-c", "\\timing on", "-c", command]
    return subprocess.run(arguments, cwd=stage.folder, check=True, capture_output=True, text=True).stdout


@contextmanager
def emptied(stage: Stage) -> Iterator[psycopg.Connection]:
    """The table as the processor makes it, without rows, and nothing left to be written to disk."""
    with postgres.connect(stage.database, "benchmark") as connection:
        postgres.migrate(connection)
        now = time.time_ns() // 1000
        DayPartitions(connection).provide([now // DAY], now)
        connection.execute("TRUNCATE signals")
        connection.execute("CHECKPOINT")
        yield connection


def number(connection: psycopg.Connection, query: str) -> float:
    """The one number that a query asks for."""
    return float(connection.execute(query.encode()).fetchall()[0][0])


if __name__ == "__main__":
    typer.run(main)
