"""Rule files, read from disk: Sigma in YAML."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from secure_signal.adapters import logsource_file, rule_folder, rule_yaml
from secure_signal.core.detection import extension
from secure_signal.core.detection.compiler import compile_rules
from secure_signal.core.detection.document import Document
from secure_signal.core.detection.example import Example
from secure_signal.core.detection.problem import Problem
from secure_signal.core.detection.ruleset import RuleSet
from secure_signal.core.errors import UsageError

_MAX_BYTES = 1024 * 1024
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
    *folders, sources_file = paths(rules, logsources)
    read = [item for path in folders for item in _documents(path)]
    compiled, wrong = compile_rules(item for item in read if isinstance(item, Document))
    sources = logsource_file.check(sources_file)
    problems = [item for item in (*read, *wrong, sources) if isinstance(item, Problem)]
    if problems or isinstance(sources, Problem):
        return None, sorted(problems, key=lambda p: (p.file, p.line or 0))
    return RuleSet(compiled, sources), []


def paths(rules: Path | Iterable[Path] | None = None, logsources: Path | None = None) -> list[Path]:
    """Where they come from: folders or files of rules, and the log sources file at the end."""
    return [*_paths(rules), logsources or _BUNDLED / "logsources.toml"]


def examples(rules: Path | Iterable[Path] | None = None) -> dict[str, tuple[Example, ...]]:
    """The examples beside the rules of sound files, by the ``origin`` of their rule."""
    read = (item for path in _paths(rules) for item in _documents(path))
    return {
        document.origin: tests
        for document in read
        if isinstance(document, Document) and (tests := extension.read(document).tests)
    }


def _paths(rules: Path | Iterable[Path] | None) -> list[Path]:
    return [_BUNDLED] if rules is None else [rules] if isinstance(rules, Path) else list(rules)


def _documents(path: Path) -> Iterator[Document | Problem]:
    for found in rule_folder.rule_files(path):
        if isinstance(found, Problem):
            yield found
        else:
            yield from _read(found)


def _read(path: Path) -> Iterator[Document | Problem]:
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            yield Problem(str(path), None, f"has {size} bytes; a rule file may have {_MAX_BYTES}")
        else:
            documents = list(rule_yaml.read(path.read_text(encoding="utf-8"), str(path)))
            yield from documents or [Problem(str(path), None, "is empty; write a rule, or take the file out")]
    except UnicodeDecodeError as error:
        yield Problem(str(path), None, f"cannot be read: not UTF-8 at byte {error.start}")
    except OSError as error:
        yield Problem(str(path), None, f"cannot be read: {error.strerror or error}")


def _complaint(problems: list[Problem]) -> str:
    lines = list(map(str, problems))
    more = f"\n  … and {len(lines) - _MAX_SHOWN} more" if len(lines) > _MAX_SHOWN else ""
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return f"The rules cannot be loaded: {count}.\n  " + "\n  ".join(lines[:_MAX_SHOWN]) + more
