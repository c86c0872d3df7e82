"""Documents to rules: every document is read, and all that is wrong is told at once."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias, TypeVar

from sigma.correlations import SigmaCorrelationRule
from sigma.exceptions import SigmaError, SigmaIdentifierError
from sigma.filters import SigmaFilter
from sigma.rule import SigmaRule

from secure_signal.core.detection.matching.predicate import compile_node
from secure_signal.core.detection.rules.correlation import Correlation
from secure_signal.core.detection.rules.rule import Detection, Rule
from secure_signal.core.detection.sigma import (
    extension,
    extent,
    field_name,
    heading,
    layout,
    sigma,
    sigma_chain,
    sigma_correlation,
    sigma_filter,
    sigma_problem,
    spelling,
    vocabulary,
)
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.extension import ExtensionError
from secure_signal.core.detection.sigma.problem import Problem
from secure_signal.core.detection.sigma.sigma_value import POLICY, Placeholders

Parsed: TypeAlias = SigmaRule | SigmaCorrelationRule | SigmaFilter
_T = TypeVar("_T")
_CONDITIONS = (("detection", "condition"), ("filter", "condition"), ("correlation", "condition"))


def compile_rules(
    documents: Iterable[Document], placeholders: Placeholders | None = None
) -> tuple[list[Detection | Correlation], list[Problem], list[str]]:
    """The rules of these documents, what is wrong with those that are none, and what is odd with filters."""
    problems: list[Problem] = []
    documents = list(documents)
    parsed = [
        (d, p)
        for d in _spelt(documents, problems)
        if (p := _attempt(d, problems, partial(_parse, d))) is not None
    ]
    for document, rule in parsed:
        problems.extend(problem for error in rule.errors for problem in sigma_problem.of(document, error))
    sound = [(document, rule) for document, rule in parsed if not rule.errors]
    detections, remarks = _detections(sound, placeholders or {}, problems)
    named = dict.fromkeys(_written_names(documents)) | {n: rule for rule in detections for n in _names(rule)}
    correlations, heard = _correlations(sound, named, problems)
    rules: list[Detection | Correlation] = [*detections, *correlations]
    problems.extend(_twins(rules))
    written = {document.origin: document for document in documents}
    return [_silenced(rule, heard, written) for rule in rules], problems, remarks


def _silenced(
    rule: Detection | Correlation, heard: Mapping[str, Sequence[str]], written: Mapping[str, Document]
) -> Detection | Correlation:
    """The rule, silent where correlations count it; ``heard`` has their titles by the rule's id."""
    if rule.id not in heard:
        return rule
    document = written[rule.origin]
    is_loud = "level" in document.content and rule.level != "informational"
    signs = [f"its level is {rule.level}"] if is_loud else []
    signs += ["it has tests"] if extension.read(document).tests else []
    if not signs:
        return replace(rule, speaks=False)
    notice = (
        f"makes no anomalies of its own, though {' and '.join(signs)}: what it finds is counted by "
        f"{', '.join(heard[rule.id])}; with `generate: true` there it makes them too"
    )
    return replace(rule, speaks=False, notices=(*rule.notices, notice))


def _spelt(documents: Iterable[Document], problems: list[Problem]) -> Iterator[Document]:
    """Those whose keys are right and in their places; what is missing there is not told besides."""
    for document in documents:
        misspelt = [
            *vocabulary.problems(document),
            *layout.problems(document),
            *heading.problems(document),
            *field_name.problems(document),
        ]
        problems.extend(misspelt)
        if not misspelt:
            yield document


def _attempt(document: Document, problems: list[Problem], build: Callable[[], _T]) -> _T | None:
    """What ``build`` gives; where it fails the document has a problem, and the others go on."""
    try:
        return build()
    except SigmaError as error:
        problems.extend(sigma_problem.of(document, error))
    except ExtensionError as error:
        problems.append(Problem(document.file, document.line(*error.paths), str(error)))
    except RecursionError:
        what = "is nested too deep; name parts of it as selections, or split the rule into several"
        problems.append(Problem(document.file, document.line(*_CONDITIONS), what))
    except Exception as error:
        # A document may hold anything; not all of it is foreseen by those who parse it.
        problems.append(
            Problem(
                document.file, document.line(), f"cannot be used as a rule: {sigma_problem.brief(str(error))}"
            )
        )
    return None


def _parse(document: Document) -> Parsed:
    content = document.content
    if not isinstance(content, dict):
        raise ValueError("a rule is a mapping with keys such as title, logsource and detection")
    if "action" in content:
        raise ValueError("`action` is no longer a part of Sigma; write each rule out in full")
    extension.read(document)
    if not isinstance(content.get("id", ""), str):
        raise SigmaIdentifierError("Sigma rule identifier must be an UUID")
    if "correlation" in content:
        extent.check_correlation(content["correlation"])
        return sigma_correlation.parse(content)
    if "filter" in content:
        extent.check(content["filter"])
        return SigmaFilter.from_dict(content, collect_errors=True, policy=POLICY)
    if "detection" in content:
        return spelling.rule_of(content, collect_errors=True)
    return SigmaRule.from_dict(content, collect_errors=True, policy=POLICY)


def _detections(
    sound: list[tuple[Document, Parsed]], placeholders: Placeholders, problems: list[Problem]
) -> tuple[list[Detection], list[str]]:
    """The detections, each with its filters; and what a person should know of the filters."""
    made = [
        _attempt(document, problems, partial(_detection, document, rule, placeholders))
        for document, rule in sound
        if isinstance(rule, SigmaRule)
    ]
    detections = [rule for rule in made if rule is not None]
    read = [
        _attempt(document, problems, partial(sigma_filter.filter_of, document, parsed, placeholders))
        for document, parsed in sound
        if isinstance(parsed, SigmaFilter)
    ]
    filters = [each for each in read if each is not None]
    excess = sigma_filter.excess(filters, detections)
    if excess is not None:
        file, _, line = excess.origin.rpartition(":")
        what = f"with it filters add more than {sigma_filter.MOST_TESTS:,} values to rules; name fewer rules"
        problems.append(Problem(file, int(line), what))
        return detections, []
    remarks = [
        f"{document.origin}: {parsed.title}: {note}"
        for document, parsed in sound
        if isinstance(parsed, SigmaFilter)
        for note in sigma.remarks(document)
    ]
    remarks += [remark for each in filters for remark in each.remarks(detections)]
    return [sigma_filter.narrowed(rule, filters) for rule in detections], remarks


def _detection(document: Document, rule: SigmaRule, placeholders: Placeholders) -> Detection:
    made = sigma.detection(document, rule, placeholders)
    compile_node(made.condition)  # What is too much for it is this document's problem.
    return made


def _correlations(
    parsed: list[tuple[Document, Parsed]],
    named: dict[str, Detection | Correlation | None],
    problems: list[Problem],
) -> tuple[list[Correlation], dict[str, list[str]]]:
    """The correlations, those that others list before them; and for each rule they make silent their titles.

    ``named`` has what they may list, and will have them too.
    """
    order, cyclic = sigma_chain.in_order(
        [(d, rule) for d, rule in parsed if isinstance(rule, SigmaCorrelationRule)]
    )
    problems.extend(cyclic)
    correlations: list[Correlation] = []
    heard: dict[str, list[str]] = {}
    for document, rule in order:
        made = _attempt(document, problems, partial(sigma_correlation.correlation, document, rule, named))
        if made is not None:
            correlations.append(made)
            named |= {name: made for name in _names(made) if named.get(name) is None}
            for rule_id in {slot.rule_id for slot in made.slots if not rule.generate}:
                heard.setdefault(rule_id, []).append(made.title)
    return sigma_chain.carrying(correlations), heard


def _names(rule: Rule) -> Iterator[str]:
    return (name for name in (rule.id, rule.name) if name)


def _written_names(documents: Iterable[Document]) -> Iterator[str]:
    """The ids and names that documents have, whether they can be used or not."""
    for document in documents:
        if isinstance(document.content, dict):
            named = (document.content.get(key) for key in ("id", "name"))
            yield from (name for name in named if isinstance(name, str))


def _twins(rules: Iterable[Rule]) -> list[Problem]:
    """A problem for each rule whose id or name another has already, as its id or as its name."""
    seen: dict[str, tuple[str, str]] = {}
    found = []
    for rule in rules:
        for kind, text in (("id", rule.id), ("name", rule.name)):
            whose, first = seen.setdefault(text, (kind, rule.origin)) if text else (kind, rule.origin)
            if first != rule.origin:
                file, _, line = rule.origin.rpartition(":")
                taken = f"taken by {first}" if whose == kind else f"the {whose} of {first}"
                found.append(Problem(file, int(line), f"the {kind} {text!r} is {taken}; give it another"))
    return found
