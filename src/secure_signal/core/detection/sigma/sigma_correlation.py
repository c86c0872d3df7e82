"""Sigma's correlation documents to our rules."""

import difflib
from collections.abc import Mapping
from typing import Any, TypeAlias, cast

from sigma.correlations import SigmaCorrelationCondition, SigmaCorrelationRule
from sigma.exceptions import SigmaCorrelationRuleError

from secure_signal.core.detection.matching.value import COMPARISONS
from secure_signal.core.detection.rules.correlation import (
    TEMPORAL,
    Alternative,
    Bound,
    Correlation,
    Kind,
    Slot,
)
from secure_signal.core.detection.rules.rule import Detection
from secure_signal.core.detection.sigma import extension, sigma_measure, sigma_temporal
from secure_signal.core.detection.sigma.document import Document
from secure_signal.core.detection.sigma.sigma import digest, head, notes
from secure_signal.core.detection.sigma.sigma_value import POLICY

Listed: TypeAlias = Detection | Correlation

Known: TypeAlias = Mapping[str, Listed | None]
"""Rules by id and name; None for one that is there, but has a problem of its own."""

# The metric of a boolean condition is whether it holds.
_HOLDS = Bound("gte", 1)


def parse(content: dict[str, Any]) -> SigmaCorrelationRule:
    """pySigma's view of a document, without what it does not take: ranges and some boolean conditions."""
    section = content["correlation"]
    if isinstance(section, dict):
        content = {**content, "correlation": _plain(section)}
    return SigmaCorrelationRule.from_dict(content, collect_errors=True, policy=POLICY)


def correlation(document: Document, parsed: SigmaCorrelationRule, known: Known) -> Correlation:
    """A correlation over rules that are known; ValueError says what cannot be run and why."""
    # Boolean ones were taken out by parse.
    wanted = cast(SigmaCorrelationCondition, parsed.condition)
    kind = Kind(parsed.type.name.lower())
    boolean = _boolean(document.content["correlation"])
    group_by = tuple(parsed.group_by or ())
    listed = _listed(parsed, known, once=kind is not Kind.TEMPORAL_ORDERED or boolean is not None)
    _check_aliases(parsed, listed)
    fields = sigma_measure.value_fields(kind, wanted)
    slots = tuple(_slot(parsed, reference, rule, group_by, fields) for reference, rule in listed)
    alternatives = () if boolean is None else _alternatives(boolean, listed)
    meaning: dict[str, Any] = {
        "kind": kind,
        "group_by": group_by,
        "timespan": sigma_measure.timespan(parsed),
        "bounds": (_HOLDS,) if alternatives else sigma_measure.bounds(kind, document.content, len(slots)),
        "percentile": sigma_measure.percentile(kind, document.content),
        "alternatives": alternatives,
        "suppress": int(extension.read(document).suppress or 0),
    }
    of_slots = [(slot.group_fields, slot.value_fields) for slot in slots]
    return Correlation(
        **head(document, parsed),
        **meaning,
        slots=slots,
        digest=digest(meaning, of_slots, [rule.digest for _, rule in listed]),
        notices=(
            *notes(document, parsed),
            *sigma_measure.notices(parsed, kind, meaning["bounds"], len(slots)),
        ),
    )


def _plain(section: dict[str, Any]) -> dict[str, Any]:
    """A correlation section with one comparison at most, and no boolean condition."""
    condition, boolean = section.get("condition"), _boolean(section)
    if boolean is not None:
        rest = {key: value for key, value in section.items() if key != "condition"}
        return {"rules": sigma_temporal.references(boolean), **rest}
    if not isinstance(condition, dict):
        return section
    # pySigma makes a whole number of a percentile, whatever it is; ours is read from the document.
    more = ["percentile", *[key for key in condition if key in COMPARISONS][1:]]
    return {**section, "condition": {key: value for key, value in condition.items() if key not in more}}


def _boolean(section: dict[str, Any]) -> str | None:
    """The boolean condition of a temporal correlation."""
    condition = section.get("condition")
    return condition if isinstance(condition, str) and str(section.get("type")).lower() in TEMPORAL else None


def _listed(parsed: SigmaCorrelationRule, known: Known, once: bool) -> list[tuple[str, Listed]]:
    """The rules with how they are referred to. One listed twice, by name and by id perhaps, counts once:
    only an order has room for it twice."""
    found = [(str(ref.reference), _find(str(ref.reference), known)) for ref in parsed.rules or []]
    if not found:
        raise ValueError("it lists no rules; name at least one under rules")
    if not once:
        return found
    first: dict[str, tuple[str, Listed]] = {}
    for reference, rule in found:
        first.setdefault(rule.id, (reference, rule))
    return list(first.values())


def _find(reference: str, known: Known) -> Listed:
    rule = known.get(reference)
    if rule is None and reference in known:
        raise ValueError(f"the rule '{reference}' that it correlates is broken; see its own problem")
    if rule is None:
        close = difflib.get_close_matches(reference, known, n=1)
        hint = f"; did you mean '{close[0]}'?" if close else "; load its file too, or mend the name or id"
        raise ValueError(f"the rule '{reference}' that it correlates is not there{hint}")
    return rule


def _slot(
    parsed: SigmaCorrelationRule,
    reference: str,
    rule: Listed,
    group_by: tuple[str, ...],
    fields: tuple[str, ...],
) -> Slot:
    group_fields = tuple(_real_field(parsed, name, reference, rule) for name in group_by)
    value_fields = tuple(_real_field(parsed, name, reference, rule) for name in fields)
    if isinstance(rule, Correlation):
        _check_user(reference, rule, {*group_fields, *value_fields})
    is_shared = isinstance(rule, Correlation) and not rule.is_local
    return Slot(rule.id, rule.title, group_fields, value_fields, is_shared)


def _check_user(reference: str, inner: Correlation, fields: set[str]) -> None:
    """Whether the user of what a correlation finds is one, where these fields are asked of it."""
    at = inner.group_by.index("user_id") if "user_id" in fields and "user_id" in inner.group_by else None
    if at is not None and any(slot.group_fields[at] != "user_id" for slot in inner.slots):
        raise ValueError(
            f"the alias user_id of '{reference}' stands for other fields than the signals' user_id; "
            "give the alias another name"
        )


def _check_aliases(parsed: SigmaCorrelationRule, listed: list[tuple[str, Listed]]) -> None:
    """SigmaCorrelationRuleError where an alias is for a rule that the correlation does not list."""
    called = {name for reference, rule in listed for name in (reference, rule.name, rule.id)}
    for alias in parsed.aliases:
        for name in (str(ref.reference) for ref in alias.mapping):
            if name not in called:
                close = difflib.get_close_matches(name, called, n=1)
                hint = f"did you mean '{close[0]}'?" if close else "list it, or take it out"
                raise SigmaCorrelationRuleError(
                    f"The alias '{alias.alias}' is for '{name}', which rules does not list; {hint}"
                )


def _real_field(parsed: SigmaCorrelationRule, name: str, reference: str, rule: Listed) -> str:
    """What a field is called in a rule's signals: an alias may name the rule as listed, by name or by id."""
    alias = parsed.aliases.aliases.get(name)
    if alias is not None:
        for ref, field in alias.mapping.items():
            if ref.reference in (reference, rule.name, rule.id):
                return field
    return name


def _alternatives(boolean: str, listed: list[tuple[str, Listed]]) -> tuple[Alternative, ...]:
    """The boolean condition; ValueError where no entry could ever make it true."""
    found = sigma_temporal.alternatives(boolean, {reference: at for at, (reference, _) in enumerate(listed)})
    if all(len(alternative.absent) == len(listed) for alternative in found):
        raise ValueError(
            f"the condition {boolean!r} can never hold at a signal that one of its rules matches"
        )
    return found
