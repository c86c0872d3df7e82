"""What an entry of a window is called: the signal that it goes back to, and what else is to be known of it.

A signal's entry has the signal's id. The entry of what a correlation found has the id of the signal that
completed it and, after a character that ids cannot hold, the anomaly's: it is another than the signal's own
entry, and than that of what another correlation found at the same signal. After another such character
stand, as JSON, the fields that are asked of what the entry may complete (see ``Correlation.carried``).
"""

from collections.abc import Iterable, Mapping

import msgspec

from secure_signal.core.detection.windowing.match import Scalar

_MARK = "\n"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Scalar]).decode


def called(signal_id: str, fields: Mapping[str, Scalar], finding: str = "") -> str:
    """What an entry is called that goes back to a signal; ``finding`` is the id of the anomaly that it is."""
    parts = [signal_id]
    if finding or fields:
        parts.append(finding)
    if fields:
        parts.append(_encode(fields).decode())
    return _MARK.join(parts)


def signal_of(entry: str) -> str:
    """The id of the signal that an entry goes back to."""
    return entry.partition(_MARK)[0]


def finding_of(entry: str) -> str:
    """The id of the anomaly that an entry is; empty for a signal's."""
    return entry.partition(_MARK)[2].partition(_MARK)[0]


def fields_of(entry: str) -> dict[str, Scalar]:
    """The fields that an entry carries."""
    carried = entry.partition(_MARK)[2].partition(_MARK)[2]
    return _decode(carried) if carried else {}


def cause_of(entry: str) -> str:
    """What tells an entry from all others, whatever it carries."""
    return called(signal_of(entry), {}, finding_of(entry))


def signals_of(entries: Iterable[str]) -> list[str]:
    """The ids of the signals that entries go back to, each once, in the order of their last entries."""
    return list(dict.fromkeys(signal_of(entry) for entry in reversed([*entries])))[::-1]
