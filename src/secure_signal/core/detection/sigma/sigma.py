"""Sigma documents to our rules: pySigma parses and validates, its condition tree becomes ours."""

import hashlib
from collections.abc import Iterator
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.exceptions import SigmaNameError
from sigma.rule import SigmaRule
from sigma.rule.base import SigmaRuleBase
from sigma.rule.logsource import SigmaLogSource

from secure_signal.core import sentence
from secure_signal.core.detection.matching import backtracking, condition
from secure_signal.core.detection.matching.condition import AllOf, AnyOf, Node, Not
from secure_signal.core.detection.rules.logsource import LogSource
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.sigma import extent, field_name, vocabulary
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.sigma_value import (
    PlaceholderError,
    Placeholders,
    field_test,
    keyword_test,
)

_NOTHING = AnyOf(())
_LONGEST_NAME = 256


def detection(document: Document, parsed: SigmaRule, placeholders: Placeholders) -> Detection:
    """A detection rule; SigmaError where its condition is wrong, ValueError where we cannot run it."""
    source = logsource_of(parsed.logsource)
    notices = list(notes(document, parsed))
    try:
        node = condition_of(parsed, placeholders)
        fires = True
    except PlaceholderError as placeholder:
        notices.append(f"never fires: the placeholder %{placeholder}% has no values")
        node, fires = _NOTHING, False
    notices.extend(bounded(node))
    return Detection(
        **head(document, parsed),
        digest=digest(source, node),
        notices=tuple(notices),
        logsource=source,
        condition=node,
        fires=fires,
    )


def logsource_of(parsed: SigmaLogSource) -> LogSource:
    """What a rule looks at."""
    return LogSource(parsed.product or "", parsed.category or "", parsed.service or "")


def condition_of(parsed: SigmaRule, placeholders: Placeholders) -> Node:
    """The condition, any of several; PlaceholderError where a placeholder in it has no values."""
    conditions = (_node(c.parsed, placeholders) for c in parsed.detection.parsed_condition)
    node = simplify(AnyOf(tuple(conditions)))
    extent.check_tests(node)
    return node


def bounded(node: Node) -> Iterator[str]:
    """A notice for each expression of a condition that is searched within bounds."""
    bounds = f"{backtracking.LONGEST_TEXT} characters and {backtracking.TIMEOUT * 1000:g} ms"
    for expression in condition.expressions(node):
        refusal = expression.refusal
        if refusal is not None:
            yield (
                f"the expression '{expression.source}' is searched by backtracking, at most {bounds} a text "
                f"(beyond, the rule fails, which is counted): RE2 cannot run it ({refusal})"
            )


def head(document: Document, parsed: SigmaRuleBase) -> dict[str, Any]:
    """What detections and correlations have in common, as arguments of Rule."""
    return {
        "id": identifier(parsed),
        "name": _name(parsed),
        "title": parsed.title,
        "description": parsed.description or "",
        "level": str(parsed.level) if parsed.level is not None else "medium",
        "status": str(parsed.status) if parsed.status is not None else "",
        "tags": tuple(map(str, parsed.tags)),
        "origin": document.origin,
    }


def _name(parsed: SigmaRuleBase) -> str:
    """A rule's name. It stands in each anomaly and in metrics, and so is no longer than a title may be."""
    name = parsed.name or ""
    if len(name) > _LONGEST_NAME:
        raise SigmaNameError(f"The name has {len(name):,} characters")
    return name


def notes(document: Document, parsed: SigmaRuleBase) -> Iterator[str]:
    """What a person should know of what a rule is called, and of keys that are passed over."""
    if parsed.id is None:
        yield f"has no id: it goes by its {'name' if parsed.name else 'title'}, which is not to change then"
    yield from sentence.first(remarks(document))


def remarks(document: Document) -> Iterator[str]:
    """What a person should know of a document as it is written, be it a rule or a filter."""
    yield from document.notes
    yield from vocabulary.notes(document)
    yield from field_name.notes(document)


def identifier(parsed: SigmaRuleBase) -> str:
    """The id that a rule gives, else its name or title."""
    return str(parsed.id or parsed.name or parsed.title)


def digest(*meaning: object) -> str:
    """A short hash of what a rule means."""
    return hashlib.sha256(repr(meaning).encode()).hexdigest()[:16]


def _node(parsed: Any, placeholders: Placeholders) -> Node:
    match parsed:
        case ConditionAND():
            return AllOf(tuple(_node(arg, placeholders) for arg in parsed.args))
        case ConditionOR():
            return AnyOf(tuple(_node(arg, placeholders) for arg in parsed.args))
        case ConditionNOT():
            return Not(_node(parsed.args[0], placeholders))
        case ConditionFieldEqualsValueExpression():
            return field_test(parsed.field, parsed.value, placeholders)
        case ConditionValueExpression():
            return keyword_test(parsed.value, placeholders)
        case _:
            raise ValueError("the condition asks for nothing")


def simplify(node: Node) -> Node:
    """The same condition without nesting of one kind: alternatives side by side are tested together."""
    match node:
        case AllOf(parts) | AnyOf(parts):
            kind = type(node)
            flat: list[Node] = []
            for part in map(simplify, parts):
                flat.extend(part.parts if isinstance(part, kind) else [part])
            return flat[0] if len(flat) == 1 else kind(tuple(flat))
        case Not(part):
            return Not(simplify(part))
        case _:
            return node
