"""Many rules, few to try: those whose need a signal meets, found by its texts instead of rule by rule."""

from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import ahocorasick

from secure_signal.core.detection.event import Event
from secure_signal.core.detection.need import Clue, Need

T = TypeVar("T")


class Index(Generic[T]):
    """Things by their needs; ``find`` gives those that an event might match, in their first order."""

    def __init__(self, entries: Iterable[tuple[Need | None, T]]) -> None:
        self._things: list[T] = []
        self._always: set[int] = set()
        fields: dict[str, _Field] = {}
        for number, (need, thing) in enumerate(entries):
            self._things.append(thing)
            if need is None:
                self._always.add(number)
            for literal in need or ():
                fields.setdefault(literal.field, _Field()).add(literal.clue, literal.text, number)
        self._fields = [(name, field.freeze()) for name, field in fields.items()]

    def __len__(self) -> int:
        return len(self._things)

    def find(self, event: Event) -> list[T]:
        """What an event might match: everything it does match, and few others."""
        found = self._always.copy()
        for name, field in self._fields:
            for text in event.folded(name):
                field.collect(text, found)
        return [self._things[number] for number in sorted(found)]


class _Field:
    """What is sought in one field: whole values by hash, parts of them by one Aho-Corasick automaton."""

    __slots__ = ("_any", "_automaton", "_whole", "_within")

    def __init__(self) -> None:
        self._any: set[int] = set()
        self._whole: dict[str, set[int]] = {}
        self._within: dict[str, set[int]] = {}
        self._automaton: Any = None

    def add(self, clue: Clue, text: str, number: int) -> None:
        match clue:
            case Clue.WHOLE:
                self._whole.setdefault(text, set()).add(number)
            case Clue.WITHIN:
                self._within.setdefault(text, set()).add(number)
            case Clue.ANY:
                self._any.add(number)

    def freeze(self) -> "_Field":
        if self._within:
            self._automaton = ahocorasick.Automaton()
            for text, numbers in self._within.items():
                self._automaton.add_word(text, numbers)
            self._automaton.make_automaton()
        return self

    def collect(self, text: str, found: set[int]) -> None:
        if self._any:
            found |= self._any
        numbers = self._whole.get(text)
        if numbers is not None:
            found |= numbers
        if self._automaton is not None:
            for _, numbers in self._automaton.iter(text):
                found |= numbers
