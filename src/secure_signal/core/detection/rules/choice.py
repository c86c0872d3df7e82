"""Which rules of a folder run: by level and status, and those switched on and off by name."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from msgspec import Struct

from secure_signal.core.anomaly import SEVERITIES, Severity
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.logsource import LogSource
from secure_signal.core.detection.rules.rule import Detection, Rule
from secure_signal.core.detection.rules.selector import Selector

STATUSES = ("unsupported", "deprecated", "experimental", "test", "stable")
_MAX_NAMED = 5


class Off(Struct, frozen=True):
    """A rule that does not run: what it is called, and ``why``, as in "is disabled by …".

    ``kind`` is ``detection``, or a correlation's type; then there is no ``logsource``.
    """

    id: str
    anomaly_type: str
    title: str
    level: str
    status: str
    kind: str
    logsource: LogSource | None
    origin: str
    why: str


class Choice(Struct, frozen=True, dict=True):
    """What runs of the rules below a folder.

    ``level`` and ``status`` are the lowest that run; a rule without a status passes any. ``disable`` switches
    rules off, ``enable`` switches rules on whatever else is said; both by a rule's id, its name, or the path
    of its file below the folder, which may be a folder; in names and paths ``*`` is any text, ``/`` too.
    """

    folder: str
    level: Severity = "informational"
    status: str = "unsupported"
    enable: tuple[str, ...] = ()
    disable: tuple[str, ...] = ()

    def rules(self, rules: Iterable[Rule]) -> list[Rule]:
        """Those that it chooses among."""
        return [rule for rule in rules if _file(rule).startswith(f"{self.folder}/")]

    def why_off(self, rule: Rule) -> str:
        """Why one of those does not run; empty where it does."""
        if self._enabled(rule):
            return ""
        if self._disabled(rule):
            return f"is disabled by {self._file} (disable)"
        if rule.status and STATUSES.index(rule.status) < STATUSES.index(self.status):
            return f"has the status {rule.status}, below that of {self._file} (status)"
        if SEVERITIES.index(rule.level) < SEVERITIES.index(self.level):
            return f"has the level {rule.level}, below that of {self._file} (level)"
        return ""

    def remarks(self, rules: Iterable[Rule]) -> Iterator[str]:
        """What is enabled or disabled to no effect, as no rule is called so."""
        among = self.rules(rules)
        for texts, named in ((self.enable, self._enabled), (self.disable, self._disabled)):
            found = set().union(*map(named, among))
            for text in texts:
                if text.rstrip("/") not in found:
                    yield f"{self.folder}: '{text}', enabled or disabled, is no rule's id, name or path"

    def toll(self, rules: Iterable[Rule], off: Iterable[Off]) -> Iterator[str]:
        """How many of its rules do not run, where there are some, and the first of them."""
        titles = [each.title for each in off if each.origin.startswith(f"{self.folder}/")]
        if titles:
            more = f" and {len(titles) - _MAX_NAMED} more" if len(titles) > _MAX_NAMED else ""
            named = ", ".join(titles[:_MAX_NAMED])
            yield f"{self._file} switches off {len(titles)} of {len(self.rules(rules))} rules: {named}{more}"

    @property
    def _file(self) -> str:
        return f"{self.folder}/rules.toml"

    @cached_property
    def _enabled(self) -> Callable[[Rule], set[str]]:
        return self._named(self.enable)

    @cached_property
    def _disabled(self) -> Callable[[Rule], set[str]]:
        return self._named(self.disable)

    def _named(self, texts: Iterable[str]) -> Callable[[Rule], set[str]]:
        """What tells those of the texts that stand for a rule."""
        selector = Selector(texts)
        return lambda rule: selector.of(rule.id, rule.name, _file(rule).removeprefix(f"{self.folder}/"))


def chosen(
    rules: Sequence[Detection | Correlation], choices: Iterable[Choice]
) -> tuple[list[Detection | Correlation], list[Off]]:
    """The rules that run, and those that do not.

    What a running one correlates is with it, silent where it would not run by itself.
    A correlation is expected after the rules that it lists.
    """
    whys = {
        rule.id: why for choice in choices for rule in choice.rules(rules) if (why := choice.why_off(rule))
    }
    wanted = {rule.id for rule in rules if rule.speaks and rule.id not in whys}
    for rule in reversed(rules):
        if isinstance(rule, Correlation) and rule.id in wanted:
            wanted.update(slot.rule_id for slot in rule.slots)
    running = [replace(r, speaks=r.speaks and r.id not in whys) for r in rules if r.id in wanted]
    idle = "is counted only by correlations that do not run"
    return running, [_off(r, whys.get(r.id, idle)) for r in rules if r.id not in wanted]


def _off(rule: Detection | Correlation, why: str) -> Off:
    return Off(
        id=rule.id,
        anomaly_type=rule.anomaly_type,
        title=rule.title,
        level=rule.level,
        status=rule.status,
        kind=rule.kind if isinstance(rule, Correlation) else "detection",
        logsource=None if isinstance(rule, Correlation) else rule.logsource,
        origin=rule.origin,
        why=why,
    )


def _file(rule: Rule) -> str:
    return rule.origin.rpartition(":")[0]
