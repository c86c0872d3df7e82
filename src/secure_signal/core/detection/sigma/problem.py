"""What is wrong with a rule file."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """Why a document is no rule that can run here; without a line it is the whole file, or a folder."""

    file: str
    line: int | None
    what: str

    def __str__(self) -> str:
        return f"{self.file}: {self.what}" if self.line is None else f"{self.file}:{self.line}: {self.what}"
