"""Fresh streams and rules of the correlation oracle through the engine: in order, shuffled, and restarted.

    python -m tests.oracle --seeds 2000 --from 1000000 --corpora ../shared/corpora

Each seed is a random stream with eight random correlation rules. It is judged as it is; again after each
signal was held up by less than the lateness, put in order as ``detect`` does; and again with a new engine
every few signals, which takes up the state of the one before and reads some signals twice. So are the
signals as they were held up, out of order, as it happens live (see ``shuffled``). Pages and sweeps are made
small for that, so that short streams meet them. Exit code 1 if a single anomaly is missing or too much.
"""

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Annotated, Any
from unittest import mock

import typer
from rich.progress import track
from tests import shuffled

from secure_signal.adapters import rule_files
from secure_signal.core import anomaly, instant
from secure_signal.core.anomaly import Anomaly
from secure_signal.core.detection import event
from secure_signal.core.detection.engine import LATENESS, Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.reorder import by_event_time
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.windowing import groups, pages, population


def load(corpora: Path) -> Any:
    """The oracle's module."""
    with mock.patch.object(sys, "path", [str(corpora / "oracle"), *sys.path]):
        return import_module("oracle")


def plain(ruleset: RuleSet, events: Sequence[Event]) -> list[Anomaly]:
    """What one engine finds."""
    engine = Engine(ruleset)
    found = engine.observe_all(events, 0, instant.LAST)
    assert (engine.late, engine.full, engine.errors) == (0, 0, Counter())
    return found


def ordered(ruleset: RuleSet, events: Sequence[Event]) -> list[Anomaly]:
    """The same, of events that come out of order and are put in order."""
    return plain(ruleset, list(chain.from_iterable(by_event_time([delayed(events)], LATENESS))))


def delayed(events: Sequence[Event]) -> list[Event]:
    """The same, each held up by less than the lateness; those of one instant keep their order."""
    chance = random.Random(7)
    arrival = {t: t + chance.randrange(LATENESS) for t in sorted({e.timestamp for e in events})}
    return sorted(events, key=lambda e: arrival[e.timestamp])


def restarted(ruleset: RuleSet, events: Sequence[Event]) -> list[Anomaly]:
    """What a row of engines finds, each of which goes on from what the one before had saved.

    An anomaly that is found again is the same by its id.
    """
    return list({each.id: each for _, each in live(ruleset, events)}.values())


@mock.patch.object(groups, "_SMALLEST_SWEEP", 8)
@mock.patch.object(population, "_FEW", 0)
@mock.patch.object(pages, "PAGE", 3)
def live(ruleset: RuleSet, events: Sequence[Event]) -> list[tuple[int, Anomaly]]:
    """The same, as it is found; with how many events had come."""
    chance = random.Random(len(events))
    engine, kept, found = Engine(ruleset), dict[str, bytes](), list[tuple[int, Anomaly]]()
    for position, each in enumerate(events):
        anomalies = engine.observe(each, position, instant.LAST)
        if chance.random() < 0.2:
            save(engine, kept)
        if chance.random() < 0.05:
            save(engine, kept)
            engine = successor(engine, kept, chance)
            for past in range(max(0, position - 3), position + 1):
                anomalies += engine.observe(events[past], past, instant.LAST)
        found += ((position + 1, anomaly) for anomaly in anomalies)
    return found


def save(engine: Engine, kept: dict[str, bytes]) -> None:
    """Add to what is saved."""
    changes = list(engine.changes())
    kept.update((key, state) for key, state in changes if state is not None)
    for key, state in changes:
        if state is None:
            kept.pop(key, None)


def successor(engine: Engine, kept: dict[str, bytes], chance: random.Random) -> Engine:
    """A new engine with the state of another, restored in any order; ``kept`` is what is saved."""
    after = Engine(engine.ruleset)
    for key in chance.sample(list(kept), len(kept)):
        assert after.restore(key, kept[key])
    after.watermark = engine.watermark
    return after


def differences(oracle: Any, seed: int | str, folder: Path) -> list[str]:
    """What is not as the oracle says."""
    expected = oracle.write_case(folder, *oracle.generate(seed))
    ruleset = rule_files.load(folder / "rules", folder / "logsources.toml")
    lines = (folder / "signals.ndjson").read_bytes().splitlines()
    signals = [json.dumps(json.loads(line) | {"id": f"line-{n}"}).encode() for n, line in enumerate(lines)]
    events = [each for each in event.read(signals) if isinstance(each, Event)]
    wrong = [
        f"{run.__name__}: {problem}"
        for run in (plain, ordered, restarted)
        for problem in oracle.compare(expected, [json.loads(anomaly.encode(a)) for a in run(ruleset, events)])
    ]
    arrived = delayed(events)
    told = shuffled.told(live(ruleset, arrived))
    in_lines = list(map(json.loads, lines))
    wrong += shuffled.problems(oracle, folder / "rules", in_lines, [each.id for each in arrived], told)
    return [f"seed {seed}, {problem}" for problem in wrong]


def main(
    seeds: Annotated[int, typer.Option(help="How many streams.")] = 500,
    first: Annotated[int, typer.Option("--from", help="The first seed.")] = 1_000_000,
    corpora: Annotated[Path, typer.Option(help="Where the corpora are.")] = Path("../shared/corpora"),
) -> None:
    """Judge random streams by random rules, and compare with the oracle.

    Example: `python -m tests.oracle --seeds 2000 --from 1000000`
    """
    if not (corpora / "oracle").is_dir():
        typer.echo(f"There is no oracle in {corpora}: name its place with --corpora.", err=True)
        raise typer.Exit(2)
    oracle, wrong = load(corpora), 0
    for seed in track(range(first, first + seeds), "streams"):
        with tempfile.TemporaryDirectory() as folder:
            problems = differences(oracle, seed, Path(folder))
        wrong += bool(problems)
        for problem in problems:
            typer.echo(problem)
    typer.echo(
        f"{seeds} streams from seed {first}, each in order, shuffled, restarted and live: {wrong} differ"
    )
    raise typer.Exit(1 if wrong else 0)


if __name__ == "__main__":
    typer.run(main)
