"""What is wrong with a rule file."""

from dataclasses import dataclass

from secure_signal.core import sentence


@dataclass(frozen=True)
class Problem:
    """Why a document is no rule that can run here; without a line it is the whole file, or a folder."""

    file: str
    line: int | None
    what: str

    def __str__(self) -> str:
        file = sentence.on_one_line(self.file)
        where = file if self.line is None else f"{file}:{self.line}"
        return sentence.visible(f"{where}: {self.what}")
