"""Finding the few bad ones of many, when only a whole block can be tried."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from secure_signal.core.errors import RefusedError

T = TypeVar("T")


def bisect(
    items: Sequence[T], attempt: Callable[[Sequence[T]], None], first: int = 0
) -> list[tuple[int, RefusedError]]:
    """Have each item taken that can be, in blocks as large as may be; the others by index, with why not.

    ``attempt`` takes a block as a whole, or raises RefusedError and takes none of it. One bad item of n
    costs about 2 log2(n) attempts.
    """
    if not items:
        return []
    try:
        attempt(items)
    except RefusedError as refusal:
        if len(items) == 1:
            return [(first, refusal)]
        half = len(items) // 2
        return bisect(items[:half], attempt, first) + bisect(items[half:], attempt, first + half)
    return []
