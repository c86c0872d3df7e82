"""Signals a second of the detection engine in one process on one core, beside a loop that only decodes.

What is timed is ``event.read`` of blocks of JSON lines, as they come from Kafka or a file, and
``Engine.observe_all``: parsing, the contract's checks, rules and state. The reference loop decodes the same
lines with msgspec, in the same round, into structs with the payload as a dict. Rules are compiled, and each
type of signal routed, before the clock starts; it is the processor's, so that others' work counts as little
as can be. SigmaHQ's rules are measured where the corpora are; one in 20 of their events is an attack.
"""

import gc
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks import detection_load, sysmon_load
from secure_signal.adapters import rule_files
from secure_signal.core import instant
from secure_signal.core.detection import event
from secure_signal.core.detection.engine import Engine
from secure_signal.core.detection.event import Event
from secure_signal.core.detection.rules.ruleset import RuleSet

# Bytes of JSON of one call: so many events stay in a processor's cache until they are judged.
_BLOCK = 100_000
# The detector saves once a second; after so many signals here, which is more often.
_SAVED = 10_000
_WIDTH = 120


class _Signal(msgspec.Struct, gc=False):
    user_id: str
    type: str
    timestamp: str
    payload: dict[str, Any]
    id: str | int | None = None


_decode = msgspec.json.Decoder(_Signal).decode


@dataclass
class Case:
    """One line of the table: rules, what they judge, and how many signals a second are wanted."""

    name: str
    rules: Callable[[], RuleSet]
    lines: Sequence[bytes]
    wanted: int | None = None
    before: Sequence[bytes] = ()
    """Signals that fill the engine's windows before the clock starts."""
    rates: list[float] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def measure(self, rounds: int, advance: Callable[[], object]) -> None:
        ruleset = self.rules()
        for _ in range(rounds):
            bare = _timed(partial(_reference, self.lines))
            engine = _warm(ruleset, self.lines)
            _judge(engine, self.before, 0)
            seconds = _timed(partial(_judge, engine, self.lines, len(self.before)))
            self.rates.append(len(self.lines) / seconds)
            self.ratios.append(bare / seconds)
            advance()


def _warm(ruleset: RuleSet, lines: Sequence[bytes]) -> Engine:
    engine = Engine(ruleset)
    for each in _events(lines[:2_000]):
        engine.judge(each, instant.LAST)
    gc.collect()
    return engine


def _reference(lines: Sequence[bytes]) -> None:
    for line in lines:
        _decode(line)


def _judge(engine: Engine, lines: Sequence[bytes], position: int) -> None:
    size = max(1, _BLOCK // len(lines[0])) if lines else 1
    unsaved = 0
    for start in range(0, len(lines), size):
        engine.observe_all(_events(lines[start : start + size]), position + start, instant.LAST)
        unsaved += size
        if unsaved >= _SAVED:
            engine.changes()
            unsaved = 0
    assert not engine.errors


def _events(lines: Sequence[bytes]) -> list[Event]:
    return [each for each in event.read(lines) if isinstance(each, Event)]


def _timed(run: Callable[[], None]) -> float:
    begun = time.process_time()
    run()
    return time.process_time() - begun


def main(
    signals: Annotated[int, typer.Option(min=10_000, help="Signals of one round")] = 50_000,
    rounds: Annotated[int, typer.Option(min=1, help="Rounds; the table shows their medians")] = 3,
    corpora: Annotated[
        Path, typer.Option(help="Folder of the shared corpora; without it SigmaHQ's rules are left out")
    ] = Path(__file__).parents[2] / "shared/corpora",
) -> None:
    """Measure the engine: this project's signals, SigmaHQ's rules, growth with rules and with groups."""
    with TemporaryDirectory() as folder, Progress() as progress:
        making = progress.add_task("Making signals and rules", total=None)
        cases = [*_ours(Path(folder), signals)]
        if (corpora / "sigma").is_dir():
            cases += _sigma_hq(Path(folder), corpora, signals // 10)
        cases += _groups(Path(folder), signals)
        progress.remove_task(making)
        task = progress.add_task("Rounds", total=len(cases) * rounds)
        for case in cases:
            case.measure(rounds, lambda: progress.advance(task))
    _show(cases, rounds)


def _ours(folder: Path, count: int) -> Iterator[Case]:
    lines = list(detection_load.signals(count))
    for number, wanted in ((10, 500_000), (100, 250_000), (1_000, 100_000), (3_780, None)):
        name = f"{number:,} correlations, signals of {len(lines[0])} bytes"
        yield Case(name, partial(detection_load.ruleset, folder / f"ours-{number}", number), lines, wanted)


def _sigma_hq(folder: Path, corpora: Path, count: int) -> Iterator[Case]:
    rules = sysmon_load.unpack(corpora / "sigma-rules.tar.xz", folder / "sigma-hq")
    logsources = corpora / "sigma/logsources.toml"
    sysmon = list(sysmon_load.signals(corpora / "sigma", count, sysmon_load.TYPES))
    creations = list(sysmon_load.signals(corpora / "sigma", count, ("sysmon.1",)))
    of_windows = sysmon_load.select(rules / "rules/windows", sysmon_load.CATEGORIES)
    of_creation = sysmon_load.select(rules / "rules/windows", ("process_creation",))
    everything = sysmon_load.select(rules)
    growing = [everything[:number] for number in (10, 100, 1_000, len(everything))]
    sets = [
        ("Windows rules, Sysmon events of 2 KB", of_windows, sysmon, 40_000),
        ("process_creation rules, such events of 2 KB", of_creation, creations, 15_000),
        *(("SigmaHQ rules, Sysmon events of 2 KB", some, sysmon, None) for some in growing),
    ]
    for name, files, lines, wanted in sets:
        yield Case(f"{len(files):,} {name}", partial(rule_files.load, files, logsources), lines, wanted)


def _groups(folder: Path, count: int) -> Iterator[Case]:
    # So high a limit that no anomaly is made, which would cost more than the entry.
    for users in (10_000, 100_000, 1_000_000):
        yield Case(
            f"1 correlation of a day, {users:,} groups, a signal each before",
            partial(detection_load.ruleset, folder / "groups", 1, "1d", 100),
            list(detection_load.failures(count, users)),
            before=list(detection_load.failures(users, users, everyone=True)),
        )


def _show(cases: Sequence[Case], rounds: int) -> None:
    table = Table(title=f"The engine on one core, medians of {rounds} rounds")
    for heading in ("", "signals/s", "wanted", "µs a signal", "of the reference loop"):
        table.add_column(heading, justify="right" if heading else "left")
    for case in cases:
        rate = median(case.rates)
        wanted = f"{case.wanted:,}" if case.wanted else ""
        table.add_row(case.name, f"{rate:,.0f}", wanted, f"{1e6 / rate:.2f}", f"{median(case.ratios):.3f}")
    Console(width=_WIDTH).print(table)


if __name__ == "__main__":
    typer.run(main)
