"""``rules.toml`` in the root of a folder of rules: which of them run, and the values of placeholders."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from secure_signal.adapters import rule_toml
from secure_signal.core.anomaly import Severity
from secure_signal.core.detection.choice import Choice
from secure_signal.core.detection.problem import Problem

_Text = Annotated[str, msgspec.Meta(min_length=1)]


class RuleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file's members, all optional; see Choice for what they mean."""

    level: Severity = "informational"
    status: Literal["unsupported", "deprecated", "experimental", "test", "stable"] = "unsupported"
    enable: tuple[_Text, ...] = ()
    disable: tuple[_Text, ...] = ()
    placeholders: Mapping[str, tuple[str, ...]] = {}

    def choice(self, folder: str) -> Choice:
        """Which rules below a folder run."""
        return Choice(folder, self.level, self.status, self.enable, self.disable)


def read(content: bytes, file: str) -> RuleSettings | Problem:
    """The settings, or what is wrong with them."""
    try:
        return rule_toml.decode(content, RuleSettings)
    except ValueError as error:
        members = "level, status, enable, disable and [placeholders]"
        return Problem(file, None, f"{error}; it may have {members}, each name with a list of texts")
