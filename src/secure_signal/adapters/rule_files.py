"""Rule files, read from disk: Sigma in YAML."""

from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path

from secure_signal.adapters import logsource_file, rule_yaml
from secure_signal.core.detection.compiler import compile_rules
from secure_signal.core.detection.document import Document
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
    paths = [_BUNDLED] if rules is None else [rules] if isinstance(rules, Path) else list(rules)
    read = [item for path in paths for file in _yaml_files(path) for item in _read(file)]
    compiled, wrong = compile_rules(item for item in read if isinstance(item, Document))
    problems = [*(item for item in read if isinstance(item, Problem)), *wrong]
    if problems:
        raise UsageError(_complaint(problems))
    return RuleSet(compiled, logsource_file.read(logsources or _BUNDLED / "logsources.toml"))


def _yaml_files(path: Path) -> list[Path]:
    """A file itself, or those of a folder, however deep, in the order of their names."""
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"{path}: there is no such folder or file of rules")
    found = sorted(p for p in path.rglob("*") if p.suffix in (".yml", ".yaml") and p.is_file())
    if not found:
        raise UsageError(f"{path}: there are no rules (*.yml, *.yaml) in this folder")
    return found


def _read(path: Path) -> Iterator[Document | Problem]:
    try:
        size = path.stat().st_size
        if size > _MAX_BYTES:
            yield Problem(str(path), 1, f"has {size} bytes; a rule file may have {_MAX_BYTES}")
        else:
            yield from rule_yaml.read(path.read_text(encoding="utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        yield Problem(str(path), 1, f"cannot be read: {_reason(error)}")


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)


def _complaint(problems: list[Problem]) -> str:
    lines = [str(problem) for problem in sorted(problems, key=lambda p: (p.file, p.line))]
    more = f"\n  … and {len(lines) - _MAX_SHOWN} more" if len(lines) > _MAX_SHOWN else ""
    count = "1 problem" if len(lines) == 1 else f"{len(lines)} problems"
    return f"The rules cannot be loaded: {count}.\n  " + "\n  ".join(lines[:_MAX_SHOWN]) + more
