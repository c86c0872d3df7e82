"""``rules.toml`` in the root of a folder of rules: which of them run, and the values of placeholders."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec

from secure_signal.adapters import rule_toml
from secure_signal.core.anomaly import SEVERITIES, Severity
from secure_signal.core.detection.rules import selector
from secure_signal.core.detection.rules.choice import STATUSES, Choice
from secure_signal.core.detection.sigma.problem import Problem

_KEY = re.compile(r"(the key ')?(?P<key>[\w-]+)")
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
        settings = rule_toml.decode(content, RuleSettings)
    except ValueError as error:
        members = "level, status, enable, disable and [placeholders]"
        advice = f"it may have {members}, each name with a list of texts"
        for key, values in (("level", SEVERITIES), ("status", STATUSES)):
            if str(error).startswith(f"{key}: "):
                advice = f"write {', '.join(values)}"
        return Problem(file, _line(content, str(error)), f"{error}; {advice}")
    wild = sum("*" in text for text in settings.enable + settings.disable)
    if wild > selector.MAX_WILDCARDS:
        what = f"disable and enable: {wild:,} texts have a *, more than {selector.MAX_WILDCARDS}"
        return Problem(file, _line(content, "disable"), f"{what}; name folders, or ids")
    return settings


def _line(content: bytes, message: str) -> int | None:
    """The line that a message names, else that of the key that it is about; None without either."""
    at = rule_toml.line(message)
    if at:
        return at
    key = _KEY.match(message)
    lines = enumerate(content.decode(errors="replace").splitlines(), 1)
    heads = ((number, line.partition("=")[0].strip(" \t[]")) for number, line in lines)
    return next((number for number, head in heads if key and head == key["key"]), None)
