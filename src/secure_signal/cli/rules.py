"""What there is to do with rules before they judge anything: check, list, explain, test, profile."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from secure_signal.cli.coverage import coverage
from secure_signal.cli.rule_sources import Folders, Logsources, Rules, advice
from secure_signal.core import sentence
from secure_signal.core.errors import RefusedError

if TYPE_CHECKING:
    from secure_signal.core.detection.inquiry.trial import Trial
    from secure_signal.core.detection.rules.ruleset import RuleSet
    from secure_signal.core.detection.sigma.example import Example

app = typer.Typer()
_rules = typer.Typer(
    help="Check, list, explain, test and profile Sigma rules; tell which were on.", no_args_is_help=True
)
app.add_typer(_rules, name="rules")
_rules.command()(coverage)


@_rules.command()
def check(rules: Folders = None, logsources: Logsources = None) -> None:
    """Say what is wrong with rule files: where, what, and how to mend it.

    Notes are no errors: they say what to know of how a rule runs here. Exit codes: 0 all rules can run,
    1 some cannot, 2 the call is wrong.

    Example: `secure-signal rules check my-rules/`
    """
    from secure_signal.adapters import rule_files

    ruleset, problems = rule_files.check(rules, logsources)
    for problem in problems:
        typer.echo(problem)
    if ruleset is None:
        files = {problem.file for problem in problems}
        typer.echo(f"{_count(len(problems), 'problem')} in {_count(len(files), 'file')}.")
        raise typer.Exit(1)
    notes = [
        f"{sentence.on_one_line(rule.origin)}: note: {rule.title}: {notice}"
        for rule, notice in ruleset.notices
    ]
    notes += [f"note: {remark}" for remark in ruleset.remarks]
    for note in notes:
        typer.echo(sentence.visible(note))
    kinds = ((ruleset.detections, "detection"), (ruleset.correlations, "correlation"))
    filters = ((ruleset.filters, "filter"),) if ruleset.filters else ()
    counts = (*kinds, *filters, (notes, "note"))
    off = f"; {_count(len(ruleset.off), 'rule')} switched off" if ruleset.off else ""
    typer.echo(f"No problems: {', '.join(_count(len(some), noun) for some, noun in counts)}{off}.")


@_rules.command("list")
def list_(
    rules: Folders = None,
    logsources: Logsources = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show all rules, and whether each `fires`.

    `counted`: silent by itself, as a correlation counts its matches; `never`: no signal can reach it; `off`:
    a `rules.toml` switches it off.

    Example: `secure-signal rules list my-rules/ --json`
    """
    from rich.console import Console

    from secure_signal.adapters import rule_files
    from secure_signal.cli import rule_tables

    ruleset = rule_files.load(rules, logsources)
    if as_json:
        for row in rule_tables.rows(ruleset):
            typer.echo(json.dumps(row))
    else:
        # As wide as it needs to be: an id that is cut or broken cannot be copied.
        Console(width=rule_tables.WIDTH).print(rule_tables.of_rules(ruleset))


@_rules.command()
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="Its id, name, title or file.")],
    rules: Rules = None,
    logsources: Logsources = None,
) -> None:
    """Tell what a rule asks, which signals it looks at, how it is found for a signal, and what it costs.

    Example: `secure-signal rules explain brute_force`
    """
    from rich.console import Console

    from secure_signal.adapters import rule_files
    from secure_signal.cli import rule_tables
    from secure_signal.cli.rule_names import filters_named, named

    file = Path(rule)
    is_apart = file.is_file() and not any(
        file.resolve().is_relative_to(each.resolve()) for each in rules or ()
    )
    roots = [file] if is_apart else rules
    ruleset = rule_files.load(roots, logsources)
    for number, found in enumerate([*filters_named(rule, ruleset)] or named(rule, ruleset, roots)):
        if number:
            typer.echo()
        Console().print(rule_tables.of_portrait(found, ruleset))


@_rules.command("test")
def run_tests(
    rules: Folders = None,
    logsources: Logsources = None,
    junit: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the outcome as JUnit XML too.")
    ] = None,
) -> None:
    """Run the tests that stand beside rules, in `secure_signal: tests:`.

    Each test has an engine of its own with all the rules; its signals are judged by their times, as live.
    Exit codes: 0 all passed, 1 some failed, 2 the call or a rule is wrong.

    Example: `secure-signal rules test my-rules/ --junit report.xml`
    """
    from secure_signal.adapters import rule_files
    from secure_signal.cli import junit_report, streams

    ruleset = rule_files.load(rules, logsources)
    examples = rule_files.examples(rules)
    # Opened before anything is run: tests may take long.
    with nullcontext() if junit is None else streams.created(junit) as report:
        trials = list(_tried(ruleset, examples))
        if report is not None:
            junit_report.write(report, trials, ruleset)
    without = [rule for rule in ruleset.rules if rule.speaks and rule.origin not in examples]
    for rule in without:
        typer.echo(f"no tests  {rule.title} ({rule.origin})")
    if logsources is None and any(_is_astray(each, ruleset) for each in trials):
        typer.echo(advice(rules))
    for off in ruleset.off:
        typer.echo(f"off       {off.title} ({off.origin}) {off.why}")
    failed = sum(not tried.passed for tried in trials)
    off_too = f", {_count(len(ruleset.off), 'rule')} switched off" if ruleset.off else ""
    untried = f"{_count(len(without), 'rule')} without tests{off_too}"
    typer.echo(f"{len(trials) - failed} passed, {failed} failed; {untried}.")
    if failed:
        raise typer.Exit(1)


@_rules.command()
def profile(rules: Folders = None, logsources: Logsources = None) -> None:
    """Judge signals (NDJSON on stdin), and show which rule took how much of the time.

    Each rule is timed alone: what the times sum up to is more than `detect` takes.

    Example: `secure-signal rules profile my-rules/ < signals.ndjson`
    """
    from rich.console import Console

    from secure_signal.adapters import rule_files
    from secure_signal.cli import rule_tables, streams
    from secure_signal.cli.bad_lines import BadLines
    from secure_signal.cli.signal_lines import watched
    from secure_signal.core.detection import event
    from secure_signal.core.detection.engine import Engine
    from secure_signal.core.detection.inquiry.profile import Profile

    engine = Engine(rule_files.load(rules, logsources))
    measured, bad = Profile(), BadLines()
    for number, line in enumerate(chain.from_iterable(watched(streams.signals(), bad)), 1):
        for read in event.read([line.rstrip()]) if line.strip() else ():
            if isinstance(read, RefusedError):
                bad.add(number, str(read))
            else:
                measured.add(engine, read, number - 1, time.perf_counter)
    Console(width=rule_tables.WIDTH).print(rule_tables.of_profile(measured, engine.ruleset))
    if bad.count:
        bad.tell_count()
        raise typer.Exit(1)


def _tried(ruleset: RuleSet, examples: Mapping[str, Iterable[Example]]) -> Iterator[Trial]:
    """The trials of all rules, each told as it ends."""
    from secure_signal.core.detection.inquiry import trial

    for rule in ruleset.rules:
        for example in examples.get(rule.origin, ()):
            tried = trial.run(ruleset, rule, example)
            _tell(tried, ruleset)
            yield tried


def _tell(tried: Trial, ruleset: RuleSet) -> None:
    from secure_signal.core.detection.inquiry import trial

    typer.echo(f"{'ok' if tried.passed else 'FAILED':8}  {tried.rule.title}: {tried.example.name}")
    for line in () if tried.passed else trial.differences(tried, ruleset):
        typer.echo(f"          {line}")


def _is_astray(tried: Trial, ruleset: RuleSet) -> bool:
    """Whether it failed, and a log source was wanting: of the rule, or of some signal."""
    from secure_signal.core.detection.inquiry import reach

    types = {burst.type for burst in tried.example.signals}
    are_mapped = all(map(ruleset.logsources.of, types)) and reach.reaches(tried.rule, ruleset)
    return not tried.passed and not are_mapped


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
