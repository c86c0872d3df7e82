"""Rules as tables for people."""

from collections.abc import Iterator

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from secure_signal.core.detection.inquiry import cost_class, portrait, reach
from secure_signal.core.detection.inquiry.profile import Profile
from secure_signal.core.detection.rules.choice import Off
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.logsource import LogSource
from secure_signal.core.detection.rules.rule import Detection, Narrowing, Rule
from secure_signal.core.detection.rules.ruleset import RuleSet

WIDTH = 250


def rows(ruleset: RuleSet) -> Iterator[dict[str, str]]:
    """What ``rules list`` shows, in the order of its columns, and besides ``title`` and ``file``.

    Rules that are switched off and filters are at the end.
    """
    for rule in (*ruleset.rules, *ruleset.off):
        yield _row(rule, ruleset) | {"title": rule.title, "file": rule.origin}
    for each in ruleset.filters:
        head = dict.fromkeys(("name", "level", "status"), "")
        what = {"kind": "filter", "logsource": _short(each.logsource), "fires": "", "id": each.id}
        yield head | what | {"title": each.title, "file": each.origin}


def _row(rule: Detection | Correlation | Off, ruleset: RuleSet) -> dict[str, str]:
    return {
        "name": rule.anomaly_type,
        "level": rule.level,
        "status": rule.status,
        "kind": "detection" if isinstance(rule, Detection) else rule.kind,
        "logsource": "" if isinstance(rule, Correlation) else _short(rule.logsource),
        "fires": _fires(rule, ruleset),
        "id": rule.id,
    }


def _short(source: LogSource | None) -> str:
    if source is None:
        return ""
    return "/".join(key or "*" for key in (source.product, source.category, source.service))


def _fires(rule: Rule | Off, ruleset: RuleSet) -> str:
    if isinstance(rule, Off):
        return "off"
    if not reach.reaches(rule, ruleset):
        return "never"
    return "yes" if rule.speaks else "counted"


def of_rules(ruleset: RuleSet) -> Table:
    """One line for each rule and filter."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("name", "level", "status", "kind", "log source", "fires", "id"):
        table.add_column(name, no_wrap=True)
    for row in rows(ruleset):
        table.add_row(*map(Text, list(row.values())[: len(table.columns)]))
    return table


def of_portrait(rule: Rule | Narrowing, ruleset: RuleSet) -> Table:
    """What there is to know of a rule or a filter."""
    table = Table(
        title=Text(rule.title, style="bold"),
        title_justify="left",
        box=None,
        show_header=False,
        padding=(0, 2, 0, 0),
    )
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in portrait.lines(rule, ruleset):
        if value:
            table.add_row(Text(name, style="dim"), Text(value))
    return table


def of_profile(profile: Profile, ruleset: RuleSet) -> Table:
    """The dearest rule first, and the total."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0), show_edge=False)
    for name in ("share", "seconds", "tried", "µs each"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("rule")
    table.add_column("cost class")
    for cells in _costs(profile, ruleset):
        table.add_row(*map(Text, cells))
    table.add_section()
    table.add_row(*map(Text, _cells("total", "", profile.total, profile.signals, 1.0)))
    return table


def _costs(profile: Profile, ruleset: RuleSet) -> Iterator[tuple[str, ...]]:
    """A rule that no signal was tried with is left out."""
    rules = {rule.id: rule for rule in ruleset.rules}
    found = ("(finding the rules to try)", "", profile.lookup, profile.signals)
    tried = [
        (rules[id_].title, cost_class.of(rules[id_]), seconds, profile.tried[id_])
        for id_, seconds in profile.seconds.items()
    ]
    for title, kind, seconds, times in sorted([found, *tried], key=lambda each: -each[2]):
        yield _cells(title, kind, seconds, times, seconds / (profile.total or 1))


def _cells(title: str, kind: str, seconds: float, times: int, share: float) -> tuple[str, ...]:
    each = seconds / times * 1e6 if times else 0.0
    return f"{share:.1%}", f"{seconds:.3f}", f"{times:,}", f"{each:.2f}", title, kind
