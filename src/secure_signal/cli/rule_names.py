"""Rules as a person calls them."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from secure_signal.core.detection.rules.choice import Off
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection, Narrowing, Rule
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.errors import UsageError


def named(name: str, ruleset: RuleSet, roots: list[Path] | None) -> list[Detection | Correlation]:
    """The rules of this id, name, title or file; UsageError where there is none.

    ``roots`` are those that the rule set was read from, None for the bundled pack.
    """
    found = [rule for rule in ruleset.rules if _is_called(name, rule)]
    if not found:
        off = next((each for each in ruleset.off if _is_called(name, each)), None)
        if off is not None:
            raise UsageError(f"The rule '{name}' does not run: it {off.why}.")
        names = [each for rule in ruleset.rules for each in _names(rule)]
        close = difflib.get_close_matches(name, names, n=1)
        hint = f"Did you mean '{close[0]}'?" if close else "`secure-signal rules list` shows all."
        where, elsewhere = ("", "") if roots else (" in the bundled pack", " Your own rules: --rules DIR.")
        raise UsageError(f"There is no rule '{name}'{where}. {hint}{elsewhere}")
    return found


def filters_named(name: str, ruleset: RuleSet) -> list[Narrowing]:
    """The filters of this id, title or file that narrow rules."""
    return [
        each
        for each in ruleset.filters
        if name.casefold() in map(str.casefold, (each.id, each.title, *_files(each.origin)))
    ]


def _is_called(name: str, rule: Rule | Off) -> bool:
    return name.casefold() in map(str.casefold, _names(rule))


def _names(rule: Rule | Off) -> Iterator[str]:
    yield from (rule.id, rule.anomaly_type, rule.title, *_files(rule.origin))


def _files(origin: str) -> tuple[str, str]:
    file = origin.rpartition(":")[0]
    return file, Path(file).name
