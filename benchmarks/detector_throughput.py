"""Signals a second from Kafka through the detector and back to Kafka, beside a loop that only reads.

Each round fills the topics of a fresh group with signals of 10,000 users, then starts the real
anomaly-detector with ten stateful rules: eight of a user, whose windows every signal enters (1.43 entries
each), and two of an address, whose matches (5 % of the signals) travel through ``signal-matches``. The
reference loop, in the same round, consumes and decodes the same records and produces 5 % of them.
"""

import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import msgspec
import typer
from confluent_kafka import OFFSET_BEGINNING, TopicPartition
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from tests.servers import running_kafka

from benchmarks import load, report
from benchmarks.service import await_ready, running
from secure_signal.adapters import kafka, topics

RULES = Path(__file__).parent / "detector_rules"
PARTITIONS = 4
JUDGED = "detector_signals_judged_total "


def main(
    signals: Annotated[int, typer.Option(min=10_000, help="Signals of one round")] = 300_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the table shows their medians")] = 3,
    seed: Annotated[int, typer.Option(help="Seed of the signals")] = 1,
) -> None:
    """Measure Kafka to detector to Kafka, beside a bare loop of consumer, decoder and producer."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    detected, looped = [], []
    with Progress(*columns) as progress:
        wires = list(progress.track(load.signals(signals, seed), signals, description="Making signals"))
        for number in range(1, rounds + 1):
            with running_kafka() as server:
                topics.ensure(server.address, PARTITIONS, replication_factor=1)
                fill(server.address, wires)
                task = progress.add_task(f"Round {number}: reference loop", total=signals)
                looped.append(reference(server.address, progress, task, signals))
                task = progress.add_task(f"Round {number}: detector", total=signals)
                detected.append(detector(server.address, progress, task, signals))
    show(detected, looped, signals)


def fill(bootstrap_servers: str, wires: Iterable[bytes]) -> None:
    """Put the signals on their topic, as signal-emitter does."""
    producer = kafka.producer(bootstrap_servers, "benchmark", **{"queue.buffering.max.messages": 0})
    for wire in wires:
        producer.produce(topics.SIGNALS, wire, _key(wire).user_id)
    producer.flush()


class _Keyed(msgspec.Struct):
    user_id: str


_key = msgspec.json.Decoder(_Keyed).decode


class _Signal(msgspec.Struct):
    id: str
    user_id: str
    type: str
    timestamp: str
    payload: dict[str, Any]


def reference(bootstrap_servers: str, progress: Progress, task: TaskID, signals: int) -> float:
    """Signals a second of a loop that decodes, and produces one of twenty."""
    decode = msgspec.json.Decoder(_Signal).decode
    producer = kafka.producer(bootstrap_servers, "benchmark")
    consumer = kafka.consumer(bootstrap_servers, "reference")
    consumer.assign([TopicPartition(topics.SIGNALS, p, OFFSET_BEGINNING) for p in range(PARTITIONS)])
    done, begun = 0, 0.0
    while done < signals:
        messages = consumer.consume(2_000, 0.05)
        begun = begun or time.perf_counter()
        for number, message in enumerate(messages, done):
            read = decode(message.value() or b"")
            if number % 20 == 0:
                producer.produce(topics.ANOMALIES, message.value(), read.user_id)
        producer.poll(0)
        done += len(messages)
        progress.update(task, completed=done)
    producer.flush()
    took = time.perf_counter() - begun
    consumer.close()
    return signals / took


def detector(bootstrap_servers: str, progress: Progress, task: TaskID, signals: int) -> float:
    """Signals a second of the detector, between the first and the last time that its count moved."""
    environment = {
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "SECURE_SIGNAL_RULES": str(RULES / "rules.yml"),
        "SECURE_SIGNAL_LOGSOURCES": str(RULES / "logsources.toml"),
    }
    with running("detector", environment) as port:
        await_ready(port)
        first = now = count = 0.0
        begun = 0.0
        while count < signals:
            time.sleep(0.1)
            count, now = judged(port), time.perf_counter()
            if count and not begun:
                first, begun = count, now
            progress.update(task, completed=count)
        return (signals - first) / (now - begun)


def judged(port: int) -> float:
    """How many signals the detector says it has judged."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(JUDGED)), 0.0)


def show(detected: list[float], looped: list[float], signals: int) -> None:
    """Print medians, extremes and the ratio; a ratio compares within a round."""
    table = Table(title=f"Signals a second, {len(detected)} rounds of {signals:,}; ten stateful rules")
    for heading in ("", "median", "least", "most"):
        table.add_column(heading, justify="right" if heading else "left")
    report.add(table, "Kafka to detector to Kafka", detected, "{:,.0f}")
    report.add(table, "Reference loop", looped, "{:,.0f}")
    table.add_section()
    report.add(table, "detector / loop", [d / r for d, r in zip(detected, looped, strict=True)], "{:.2f}")
    Console().print(table)
    if median(detected) < 100_000:
        Console().print("Less than the 100,000 signals a second that are wanted.")


if __name__ == "__main__":
    typer.run(main)
