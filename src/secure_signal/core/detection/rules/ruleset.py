"""A set of rules that work together, with the log sources they are routed by."""

import difflib
import hashlib
from collections.abc import Iterable, Iterator

from secure_signal.core import sentence
from secure_signal.core.detection.rules.choice import Off
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.logsource import LogSource, LogSources
from secure_signal.core.detection.rules.rule import Detection, Narrowing, Rule


class RuleSet:
    """Rules, those that correlations refer to before them, and what is known of them together.

    ``hash`` changes whenever what the set finds could change.
    """

    def __init__(
        self,
        rules: Iterable[Detection | Correlation],
        logsources: LogSources,
        remarks: Iterable[str] = (),
        off: Iterable[Off] = (),
    ) -> None:
        self.rules = tuple(rules)
        self.logsources = logsources
        self.detections = tuple(rule for rule in self.rules if isinstance(rule, Detection))
        self.correlations = tuple(rule for rule in self.rules if isinstance(rule, Correlation))
        self.remarks = (*remarks, *sentence.first(_unheard(self.detections, logsources)))
        """What a person should know of the set, other than of one rule."""
        self.off = tuple(off)
        """The rules that settings switch off."""
        self.hash = _digest(self.rules, logsources)

    @property
    def filters(self) -> dict[Narrowing, list[Detection]]:
        """The filters that narrow rules, and which."""
        narrowed: dict[Narrowing, list[Detection]] = {}
        for rule in self.detections:
            for each in rule.narrowed_by:
                narrowed.setdefault(each, []).append(rule)
        return narrowed

    @property
    def notices(self) -> Iterator[tuple[Rule, str]]:
        """What a person should know about how rules run here."""
        return ((rule, notice) for rule in self.rules for notice in rule.notices)


def _unheard(rules: Iterable[Detection], logsources: LogSources) -> Iterator[str]:
    """The log sources of rules that no type of signals has, those of most rules first."""
    sources = {source for _, source in logsources.entries}
    looking: dict[LogSource, list[Detection]] = {}
    for rule in rules:
        looking.setdefault(rule.logsource, []).append(rule)
    for source, of_it in sorted(looking.items(), key=lambda each: -len(each[1])):
        if not any(map(source.covers, sources)):
            looks = "1 rule looks" if len(of_it) == 1 else f"{len(of_it):,} rules look"
            more = f" and {len(of_it) - 1:,} more" if len(of_it) > 1 else ""
            named = f"{of_it[0].title} ({of_it[0].origin}){more}"
            yield f"{looks} at {source}, which no type of signals has{_meant(source, sources)}: {named}"


def _meant(source: LogSource, known: Iterable[LogSource]) -> str:
    """The known log source that is nearly this one, as a question."""
    spelt = {str(each): each for each in known}
    near = difflib.get_close_matches(str(source), spelt, n=1, cutoff=0.9)
    return f" (did you mean {near[0]}?)" if near else ""


def _digest(rules: Iterable[Rule], logsources: LogSources) -> str:
    heads = sorted((r.id, r.digest, r.level, r.anomaly_type, r.title, r.speaks) for r in rules)
    return hashlib.sha256(repr((heads, logsources.entries)).encode()).hexdigest()[:16]
