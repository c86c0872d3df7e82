"""Which rules of a folder run: by level and status, and those switched on and off by name."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from msgspec import Struct

from secure_signal.core.anomaly import SEVERITIES, Severity
from secure_signal.core.detection.correlation import Correlation
from secure_signal.core.detection.rule import Detection, Rule

_STATUSES = ("unsupported", "deprecated", "experimental", "test", "stable")


class Choice(Struct, frozen=True):
    """What runs of the rules below a folder.

    ``level`` and ``status`` are the lowest that run; a rule without a status passes any. ``disable`` switches
    rules off, ``enable`` switches rules on whatever else is said; both by a rule's id, its name, or the path
    of its file below the folder, which may be a folder or a pattern (``*`` matches ``/`` too).
    """

    folder: str
    level: Severity = "informational"
    status: str = "unsupported"
    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()

    def rules(self, rules: Iterable[Rule]) -> list[Rule]:
        """Those that it chooses among."""
        return [rule for rule in rules if _file(rule).startswith(f"{self.folder}/")]

    def runs(self, rule: Rule) -> bool:
        """Whether one of those runs."""
        if any(self._names(rule, text) for text in self.enable):
            return True
        if any(self._names(rule, text) for text in self.disable):
            return False
        is_tried = not rule.status or _STATUSES.index(rule.status) >= _STATUSES.index(self.status)
        return is_tried and SEVERITIES.index(rule.level) >= SEVERITIES.index(self.level)

    def remarks(self, rules: Iterable[Rule]) -> Iterator[str]:
        """What is enabled or disabled to no effect, as no rule is called so."""
        among = self.rules(rules)
        for text in self.enable + self.disable:
            if not any(self._names(rule, text) for rule in among):
                yield f"{self.folder}: '{text}', enabled or disabled, is no rule's id, name or path"

    def _names(self, rule: Rule, text: str) -> bool:
        path = _file(rule).removeprefix(f"{self.folder}/")
        is_below = path.startswith(f"{text.rstrip('/')}/")
        return is_below or text in (rule.id, rule.name) or fnmatchcase(path, text)


def chosen(
    rules: Sequence[Detection | Correlation], choices: Iterable[Choice]
) -> list[Detection | Correlation]:
    """The rules that run, and all that these correlate, which are silent where they do not run by themselves.

    A correlation is expected after the rules that it lists.
    """
    off = {rule.id for choice in choices for rule in choice.rules(rules) if not choice.runs(rule)}
    wanted = {rule.id for rule in rules if rule.speaks and rule.id not in off}
    for rule in reversed(rules):
        if isinstance(rule, Correlation) and rule.id in wanted:
            wanted.update(slot.rule_id for slot in rule.slots)
    return [replace(rule, speaks=rule.speaks and rule.id not in off) for rule in rules if rule.id in wanted]


def _file(rule: Rule) -> str:
    return rule.origin.rpartition(":")[0]
