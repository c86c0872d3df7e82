"""Rule files to rules. It loads pySigma, which takes a while: rules from the cache do without."""

from collections.abc import Sequence

from secure_signal.adapters import rule_settings, rule_yaml
from secure_signal.adapters.rule_cache import Compiled
from secure_signal.adapters.rule_folder import RuleFile
from secure_signal.adapters.rule_settings import RuleSettings
from secure_signal.core import sentence
from secure_signal.core.detection.rules.choice import chosen
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.sigma.compiler import compile_rules
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.problem import Problem


def compiled(files: Sequence[RuleFile]) -> tuple[Compiled, list[Problem]]:
    """The rules that run of these files; and what is wrong with the files, even with rules that do not."""
    settings, wrong = _settings(files)
    read = [item for f in files if not f.is_settings for item in rule_yaml.read(f.content, f.path)]
    placeholders = {name: values for each in settings.values() for name, values in each.placeholders.items()}
    rules, problems, remarks = compile_rules((i for i in read if isinstance(i, Document)), placeholders)
    choices = [each.choice(folder) for folder, each in settings.items()]
    running, off = chosen(rules, choices)
    result = Compiled(
        detections=tuple(rule for rule in running if isinstance(rule, Detection)),
        correlations=tuple(rule for rule in running if isinstance(rule, Correlation)),
        remarks=(
            *sentence.first(remarks),
            *(r for each in choices for r in (*sentence.first(each.remarks(rules)), *each.toll(rules, off))),
        ),
        off=tuple(off),
    )
    return result, [*wrong, *(item for item in read if isinstance(item, Problem)), *problems]


def _settings(files: Sequence[RuleFile]) -> tuple[dict[str, RuleSettings], list[Problem]]:
    """What each folder's settings say, by the folder."""
    read = {file.root: rule_settings.read(file.content, file.path) for file in files if file.is_settings}
    sound = {folder: each for folder, each in read.items() if isinstance(each, RuleSettings)}
    return sound, [each for each in read.values() if isinstance(each, Problem)]
