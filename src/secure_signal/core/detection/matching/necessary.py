"""Texts without which a regular expression (RE2 syntax) finds nothing: what an index can look for first."""

import re

# A quantifier; whether one time at least is wanted.
_QUANTIFIER = re.compile(r"(?P<some>\+|\{[1-9][0-9]*(?:,[0-9]*)?\})|[*?]|\{0*(?:,[0-9]*)?\}")
_CLASS = re.compile(r"\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]", re.DOTALL)
# Escapes that stand for no text of their own, and take no argument; and those that stand for a character.
_SHORT = frozenset("dDwWsSbBAz")
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}


def texts(source: str) -> frozenset[str] | None:
    """One text of each alternative, in the case it is written in; None where an alternative has none.

    Whatever is found contains one of them, case aside. Only what stands outside all parentheses is used.
    """
    try:
        alternatives = [max(runs, key=len, default="") for runs in _alternatives(source)]
    except ValueError:
        return None
    return frozenset(alternatives) if all(alternatives) else None


def _alternatives(source: str) -> list[list[str]]:
    """The runs of literal characters of each alternative; ValueError for syntax that is not known here."""
    alternatives: list[list[str]] = [[""]]
    at = 0
    while at < len(source):
        runs = alternatives[-1]
        end, literal = _atom(source, at)
        quantifier = _QUANTIFIER.match(source, end)
        if source[at] == "|":
            alternatives.append([""])
        elif quantifier is None:
            runs[-1:] = [runs[-1] + literal] if literal else [runs[-1], ""]
        else:
            runs[-1:] = [runs[-1] + literal if quantifier["some"] else runs[-1], ""]
            end = quantifier.end() + source.startswith("?", quantifier.end())
        at = end
    return alternatives


def _atom(source: str, at: int) -> tuple[int, str]:
    """Where the atom that begins here ends, and the character that it stands for, if it is one."""
    match source[at]:
        case "\\":
            escaped = source[at + 1 : at + 2]
            if not escaped or (escaped.isalnum() and escaped not in _SHORT and escaped not in _CONTROLS):
                raise ValueError
            return at + 2, _CONTROLS.get(escaped, "" if escaped.isalnum() else escaped)
        case "[":
            found = _CLASS.match(source, at)
            if found is None:
                raise ValueError
            return found.end(), ""
        case "(":
            return _group_end(source, at), ""
        case "." | "^" | "$" | "|":
            return at + 1, ""
        case ")" | "*" | "+" | "?":
            raise ValueError
        case character:
            return at + 1, character


def _group_end(source: str, at: int) -> int:
    """Where a group ends, however deep others stand in it: nothing here recurses."""
    depth = 0
    while at < len(source):
        if source[at] in "()*+?":
            depth += (source[at] == "(") - (source[at] == ")")
            at += 1
            if not depth:
                return at
        else:
            at, _ = _atom(source, at)
    raise ValueError
