"""Whether any signal can reach a rule, whatever it says."""

from secure_signal.core.detection.inquiry import sighting
from secure_signal.core.detection.rules.logsource import LogSource, LogSources
from secure_signal.core.detection.rules.rule import Detection, Rule
from secure_signal.core.detection.rules.ruleset import RuleSet


def reaches(rule: Rule, ruleset: RuleSet) -> bool:
    """Whether a type of signals has its log source, and it does not wait for the values of a placeholder.

    Of a correlation: whether that is so of any detection that it is made of.
    """
    if isinstance(rule, Detection):
        return rule.fires and bool(types(rule.logsource, ruleset.logsources))
    made_of = (each for each in sighting.parts(rule, ruleset) if isinstance(each, Detection))
    return any(reaches(each, ruleset) for each in made_of)


def types(source: LogSource, logsources: LogSources) -> list[str]:
    """The types of signals, or ``prefix.*``, that rules of a log source look at."""
    return [kind for kind, entry in logsources.entries if source.covers(entry)]
