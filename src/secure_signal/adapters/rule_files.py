"""Rule files, read from disk: Sigma in YAML."""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path

from secure_signal.adapters import logsource_file, rule_cache, rule_folder, rule_yaml
from secure_signal.adapters.rule_cache import Compiled
from secure_signal.adapters.rule_folder import RuleFile
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.rules.ruleset import RuleSet
from secure_signal.core.detection.sigma import extension
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.example import Example
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.errors import UsageError

_MAX_SHOWN = 50
_BUNDLED = Path(str(files("secure_signal") / "rules"))


def load(rules: Path | Iterable[Path] | None = None, logsources: Path | None = None) -> RuleSet:
    """The rules of folders or files, and the log sources they are routed by; None is the bundled pack.

    UsageError names every problem of every file, with its line and how to mend it.
    """
    ruleset, problems = check(rules, logsources)
    if ruleset is None:
        raise UsageError(_complaint(problems))
    return ruleset


def check(
    rules: Path | Iterable[Path] | None = None, logsources: Path | None = None
) -> tuple[RuleSet | None, list[Problem]]:
    """The rule set, or None and all that is wrong with the files, by file and line; nothing is raised."""
    *roots, sources_file = paths(rules, logsources)
    sources = logsource_file.check(sources_file)
    read = _read(roots)
    unread = [item for item in (*read, sources) if isinstance(item, Problem)]
    compiled, wrong = _compiled([item for item in read if isinstance(item, RuleFile)])
    if unread or wrong or isinstance(sources, Problem):
        return None, sorted([*unread, *wrong], key=lambda p: (p.file, p.line or 0))
    running: list[Detection | Correlation] = [*compiled.detections, *compiled.correlations]
    return RuleSet(running, sources, compiled.remarks, compiled.off), []


def paths(rules: Path | Iterable[Path] | None = None, logsources: Path | None = None) -> list[Path]:
    """Where they come from: folders or files of rules, and the log sources file at the end."""
    return [*_paths(rules), logsources or _BUNDLED / "logsources.toml"]


def examples(rules: Path | Iterable[Path] | None = None) -> dict[str, tuple[Example, ...]]:
    """The examples beside the rules of sound files, by the ``origin`` of their rule."""
    texts = (f for f in _read(_paths(rules)) if isinstance(f, RuleFile) and not f.is_settings)
    return {
        document.origin: tests
        for file in texts
        for document in rule_yaml.read(file.content, file.path)
        if isinstance(document, Document) and (tests := extension.read(document).tests)
    }


def _paths(rules: Path | Iterable[Path] | None) -> list[Path]:
    return [_BUNDLED] if rules is None else [rules] if isinstance(rules, Path) else list(rules)


def _read(roots: Iterable[Path]) -> list[RuleFile | Problem]:
    """Each file once, also where two of the roots have it."""
    found: dict[str, RuleFile | Problem] = {}
    for root in roots:
        for item in rule_folder.read(root):
            found.setdefault(item.path if isinstance(item, RuleFile) else item.file, item)
    return list(found.values())


def _compiled(files: Sequence[RuleFile]) -> tuple[Compiled, list[Problem]]:
    name = rule_cache.key(part for f in files for part in (f.root.encode(), f.path.encode(), f.content))
    kept = rule_cache.read(name)
    if kept is not None:
        return kept, []
    # Imported here: rules from the cache do without pySigma, which takes longer to load than they do.
    from secure_signal.adapters import rule_compilation

    compiled, problems = rule_compilation.compiled(files)
    if not problems:
        rule_cache.write(name, compiled)
    return compiled, problems


def _complaint(problems: list[Problem]) -> str:
    lines = list(map(str, problems))
    more = f"\n  … and {len(lines) - _MAX_SHOWN} more" if len(lines) > _MAX_SHOWN else ""
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return f"The rules cannot be loaded: {count}.\n  " + "\n  ".join(lines[:_MAX_SHOWN]) + more
