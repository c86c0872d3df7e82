"""Many rules, few to try: those whose need a signal meets, found by its texts instead of rule by rule."""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any, Generic, TypeVar, cast

import ahocorasick

from secure_signal.core.detection.event import OWN, Event
from secure_signal.core.detection.field import fold
from secure_signal.core.detection.matching.need import Clue, Need

T = TypeVar("T")
U = TypeVar("U")
Numbers = tuple[int, ...]

# For each field, less than 100 kB.
_MAX_KNOWN = 256
_MAX_LENGTH = 128


class Index(Generic[T]):
    """Things by their needs; ``find`` gives those that an event might match, in their first order."""

    def __init__(self, entries: Iterable[tuple[Need | None, T]]) -> None:
        self._things: list[T] = []
        always = []
        fields: dict[str, _Field] = {}
        for number, (need, thing) in enumerate(entries):
            self._things.append(thing)
            if need is None:
                always.append(number)
            for literal in need or ():
                fields.setdefault(literal.field, _Field()).add(literal.clue, literal.text, number)
        self._always = [tuple(always)] if always else []
        for field in fields.values():
            field.freeze()
        # A member of the payload is known by its name; paths and the signal's own fields are asked for.
        self._members = {name: f for name, f in fields.items() if "." not in name and name not in OWN}
        self._own = [(name, f) for name, f in fields.items() if name in OWN]
        self._paths = [(name, f) for name, f in fields.items() if "." in name and name not in OWN]

    def to(self, things: Sequence[U]) -> "Index[U]":
        """An index to other things with the same needs; what both know of values they share."""
        other = cast(Index[U], copy(self))
        other._things = list(things)
        return other

    def find(self, event: Event) -> list[T]:
        """What an event might match: everything it does match, and few others."""
        hits = self._always.copy()
        folds = event.folds
        if folds is None:
            folds = event.folds = {}
        members = self._members
        payload = event.payload
        for name in payload if len(payload) < len(members) else members:
            field = members.get(name)
            value = payload.get(name)
            if field is None or value is None:
                continue
            if value.__class__ is str:
                folds[name], found = field.known.get(value) or field.learn(value)
            else:
                found = field.hits(event.folded(name))
            hits += found
        for name, field in self._own:
            hits += field.hits(event.folded(name))
        for name, field in self._paths:
            if event.value(name) is not None:
                hits += field.hits(event.folded(name))
        if not hits:
            return []
        things = self._things
        numbers = hits[0] if len(hits) == 1 else sorted(set().union(*hits))
        return [things[number] for number in numbers]


class _Field:
    """What is sought in one field: whole values by hash, parts of them by one Aho-Corasick automaton."""

    __slots__ = ("_any", "_automaton", "_whole", "_within", "known")

    def __init__(self) -> None:
        self.known: dict[str, tuple[tuple[str], list[Numbers]]] = {}
        """Values that came lately, folded, with their hits: most fields have few values in use."""
        self._any: Numbers = ()
        self._whole: dict[str, Numbers] = {}
        self._within: dict[str, Numbers] = {}
        self._automaton: Any = None

    def add(self, clue: Clue, text: str, number: int) -> None:
        match clue:
            case Clue.WHOLE:
                self._whole[text] = (*self._whole.get(text, ()), number)
            case Clue.WITHIN:
                self._within[text] = (*self._within.get(text, ()), number)
            case Clue.ANY:
                self._any = (*self._any, number)

    def freeze(self) -> None:
        if self._within:
            self._automaton = ahocorasick.Automaton()
            for text, numbers in self._within.items():
                self._automaton.add_word(text, numbers)
            self._automaton.make_automaton()

    def learn(self, value: str) -> tuple[tuple[str], list[Numbers]]:
        """A value folded, with its hits; one of modest length is known from now on."""
        texts = (fold(value),)
        found = texts, self.hits(texts)
        if len(value) <= _MAX_LENGTH:
            if len(self.known) >= _MAX_KNOWN:
                self.known.clear()
            self.known[value] = found
        return found

    def hits(self, texts: tuple[str, ...]) -> list[Numbers]:
        """The numbers that texts of the field hit, some perhaps twice; the field is there."""
        hits = [self._any] if self._any else []
        for text in texts:
            numbers = self._whole.get(text)
            if numbers is not None:
                hits.append(numbers)
            if self._automaton is not None:
                hits += [numbers for _, numbers in self._automaton.iter(text)]
        return hits
