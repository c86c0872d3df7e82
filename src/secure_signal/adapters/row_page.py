"""A page of rows: bounded in number and in bytes."""

from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from psycopg.rows import TupleRow

# No answer holds much more than this, whatever its limit was: 1,000 rows of 256 KB each are 256 MB.
MAX_BYTES = 2 * 1024 * 1024

Item = TypeVar("Item")


async def page_of(
    rows: AsyncIterator[TupleRow], read: Callable[[TupleRow], tuple[Item, int]], limit: int
) -> tuple[list[Item], bool]:
    """The first rows, as many as an answer may hold, and whether there are more.

    ``read`` makes an item of a row and tells its size in bytes.
    """
    items: list[Item] = []
    size, more = 0, False
    async for row in rows:
        if more := size > MAX_BYTES:
            break
        item, bytes_ = read(row)
        size += bytes_
        items.append(item)
    return items[:limit], more or len(items) > limit
