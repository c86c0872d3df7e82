"""What every rule has, whether it detects or correlates; and the rule that detects."""

import re
from dataclasses import dataclass

from msgspec import Struct

from secure_signal.core.anomaly import Severity
from secure_signal.core.detection.matching.condition import Node
from secure_signal.core.detection.rules.logsource import LogSource


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule's head.

    ``origin`` is the file and line it comes from; ``digest`` changes when what it matches does; ``status``
    is Sigma's, empty where none is given; ``notices`` say what a person should know about how it runs here;
    ``speaks`` is False for a rule that others correlate and that is silent by itself (Sigma's ``generate:
    false``).
    """

    id: str
    name: str
    title: str
    description: str
    level: Severity
    tags: tuple[str, ...]
    origin: str
    digest: str
    status: str = ""
    notices: tuple[str, ...] = ()
    speaks: bool = True

    @property
    def anomaly_type(self) -> str:
        """The Sigma rule's ``name``, else its title in lower case with underscores."""
        return self.name or re.sub(r"\W+", "_", self.title.lower()).strip("_")


class Narrowing(Struct, frozen=True):
    """A filter whose condition was added to that of a rule."""

    id: str
    title: str
    origin: str
    logsource: LogSource


@dataclass(frozen=True, kw_only=True)
class Detection(Rule):
    """A rule that looks at one signal at a time."""

    logsource: LogSource
    condition: Node
    fires: bool = True
    """False for a rule that waits for the values of a placeholder."""
    narrowed_by: tuple[Narrowing, ...] = ()
    """The filters that its condition has taken in."""
