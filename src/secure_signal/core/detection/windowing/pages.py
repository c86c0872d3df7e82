"""The pages in which a window's oldest entries are saved, once each."""

PAGE = 128
"""Entries of a page: so many old ones are saved once, and not again whenever a newer one comes."""


class Pages:
    """The names of a window's pages, after ``skip`` entries of the first that were dropped.

    ``torn`` are the names of those that are no longer of use.
    """

    __slots__ = ("names", "skip", "torn")

    def __init__(self) -> None:
        self.names: list[str] = []
        self.torn: list[str] = []
        self.skip = 0

    @property
    def entries(self) -> int:
        """How many of the window's entries they hold."""
        return len(self.names) * PAGE - self.skip

    def drop(self, count: int) -> None:
        """The oldest entries were dropped."""
        whole, self.skip = divmod(self.skip + count, PAGE)
        self._lose(slice(whole))

    def tear(self, place: int) -> None:
        """An entry has changed: its page, and those after it, are no longer as they were."""
        self._lose(slice((self.skip + place) // PAGE, None))

    def clear(self) -> None:
        """All entries are gone, or saved in another way."""
        self._lose(slice(None))

    def _lose(self, lost: slice) -> None:
        if self.names:
            self.torn += self.names[lost]
            del self.names[lost]
        if not self.names:
            self.skip = 0
