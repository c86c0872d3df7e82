"""How rules read values: as texts, without their case, and along dotted paths."""

from typing import Any


def text(scalar: Any) -> str:
    """A scalar as Sigma compares it with a string: true, false, or a number's shortest decimal form."""
    if isinstance(scalar, str):
        return scalar
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    return repr(scalar)


def fold(text: str) -> str:
    """A text by Unicode's simple case folding (CaseFolding.txt, status C and S), of the same length."""
    if text.isascii():
        return text.lower()
    # Where full folding (status F) makes nothing longer, it is the same.
    folded = text.casefold()
    return folded if len(folded) == len(text) else text.translate(_FOLDING)


class _Folding(dict[int, int]):
    """Code points to their folded ones: those that change, about 1,500, are kept, and those of alphabets."""

    def __missing__(self, code: int) -> int:
        character = chr(code)
        folded = next((f for f in (character.casefold(), character.lower()) if len(f) == 1), character)
        if folded != character or code < _ALPHABETS:
            self[code] = ord(folded)
        return ord(folded)


# Where Unicode's ideographs begin; those are too many to be kept.
_ALPHABETS = 0x2E80
_FOLDING = _Folding()


def follow(members: dict[str, Any], path: str) -> Any:
    """What a dotted path leads to through objects; None where it leads nowhere."""
    node: Any = members
    for name in path.split("."):
        if not isinstance(node, dict):
            return None
        node = node.get(name)
    return node
