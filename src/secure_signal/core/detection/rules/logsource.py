"""Log sources: which rules look at which types of signals."""

from collections.abc import Iterable

from msgspec import Struct


class LogSource(Struct, frozen=True):
    """Sigma's three keys; in a rule an empty one asks for nothing."""

    product: str = ""
    category: str = ""
    service: str = ""

    def __str__(self) -> str:
        """Such as ``product webapp, service login``; empty where no key is given."""
        named = (("product", self.product), ("category", self.category), ("service", self.service))
        return ", ".join(f"{key} {value}" for key, value in named if value)

    def covers(self, other: "LogSource") -> bool:
        """Whether every key this one gives equals the other's."""
        return (
            self.product in ("", other.product)
            and self.category in ("", other.category)
            and self.service in ("", other.service)
        )


class LogSources:
    """The log source of each type of signal: an exact type wins, then the longest ``prefix.*``."""

    def __init__(self, entries: Iterable[tuple[str, LogSource]]) -> None:
        self.entries = tuple(entries)
        self._exact = {name: source for name, source in self.entries if not name.endswith(".*")}
        prefixes = [(name[:-1], source) for name, source in self.entries if name.endswith(".*")]
        self._prefixes = sorted(prefixes, key=lambda entry: -len(entry[0]))

    def of(self, signal_type: str) -> LogSource | None:
        """The log source of a type; None when no entry names it, and then no rule looks at it."""
        exact = self._exact.get(signal_type)
        if exact is not None:
            return exact
        return next((s for prefix, s in self._prefixes if signal_type.startswith(prefix)), None)
