"""Which matches have been entered: a detector that was killed publishes some of them again."""

from typing import NamedTuple


class Source(NamedTuple):
    """Where a match comes from: the ``number``-th that one record of ``signal-events`` made."""

    topic_id: str
    partition: int
    offset: int
    number: int


class Fence:
    """The highest source of each partition that has passed.

    A partition's matches are first published in the order of their sources; so whatever is not above the
    highest is a repetition. The first match of a topic that was made anew passes whatever its offset.
    """

    def __init__(self, highest: dict[int, Source] | None = None) -> None:
        self.highest = dict(highest or {})

    def passes(self, source: Source) -> bool:
        """Whether this match is a new one; it is not from now on."""
        known = self.highest.get(source.partition)
        if known and known.topic_id == source.topic_id and source <= known:
            return False
        self.highest[source.partition] = source
        return True
