"""Many patterns tried on one text: those of a shape at once."""

from collections.abc import Iterable, Sequence

import ahocorasick

from secure_signal.core.detection.matching.pattern import Matcher, Pattern, Wildcard

# So many texts are sought one by one: that is quicker in the short texts that most fields have.
_MANY = 100


def matcher(patterns: Iterable[Pattern]) -> Matcher:
    """Whether a text matches any of the patterns: all cased, or none and then the text is folded."""
    exact: set[str] = set()
    heads: list[str] = []
    tails: list[str] = []
    needles: list[str] = []
    others: list[Matcher] = []
    for pattern in patterns:
        match pattern.parts:
            case _ if pattern.exact is not None:
                exact.add(pattern.exact)
            case (str(), Wildcard.MANY):
                heads += pattern.literals
            case (Wildcard.MANY, str()):
                tails += pattern.literals
            case (Wildcard.MANY, str(), Wildcard.MANY):
                needles += pattern.literals
            case _:
                others.append(pattern.matcher())
    tests: list[Matcher] = []
    if exact:
        tests.append(exact.__contains__)
    if heads:
        tests.append(_starts(tuple(heads)))
    if tails:
        tests.append(_ends(tuple(tails)))
    if needles:
        tests.append(_contains(needles))
    return _first([*tests, *others])


def _starts(heads: tuple[str, ...]) -> Matcher:
    return lambda text: text.startswith(heads)


def _ends(tails: tuple[str, ...]) -> Matcher:
    return lambda text: text.endswith(tails)


def _contains(needles: Sequence[str]) -> Matcher:
    if len(needles) == 1:
        (only,) = needles
        return lambda text: only in text
    if len(needles) > _MANY:
        return _contains_any(needles)

    def matches(text: str) -> bool:
        for needle in needles:  # noqa: SIM110 (a generator costs three times as much here)
            if needle in text:
                return True
        return False

    return matches


def _contains_any(needles: Iterable[str]) -> Matcher:
    """However many there are, the text is read once."""
    automaton = ahocorasick.Automaton()
    for needle in needles:
        automaton.add_word(needle, True)
    automaton.make_automaton()
    search = automaton.iter
    return lambda text: next(search(text), None) is not None


def _first(tests: Sequence[Matcher]) -> Matcher:
    if len(tests) == 1:
        return tests[0]

    def matches(text: str) -> bool:
        for test in tests:  # noqa: SIM110 (see above)
            if test(text):
                return True
        return False

    return matches
