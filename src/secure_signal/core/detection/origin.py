"""What an entry of a window is called, and the signal that it goes back to.

A signal's entry has the signal's id. The entry of what a correlation found has the id of the signal that
completed it and, after a character that ids cannot hold, the anomaly's: it is another than the signal's own
entry, and than that of what another correlation found at the same signal.
"""

from collections.abc import Iterable

_MARK = "\n"


def of_finding(entry: str, anomaly_id: str) -> str:
    """What the entry of an anomaly is called that this entry completed."""
    return f"{signal_of(entry)}{_MARK}{anomaly_id}"


def signal_of(entry: str) -> str:
    """The id of the signal that an entry goes back to."""
    return entry.partition(_MARK)[0]


def finding_of(entry: str) -> str:
    """The id of the anomaly that an entry is; empty for a signal's."""
    return entry.partition(_MARK)[2]


def signals_of(entries: Iterable[str]) -> list[str]:
    """The ids of the signals that entries go back to, each once, in the order of their last entries."""
    return list(dict.fromkeys(signal_of(entry) for entry in reversed([*entries])))[::-1]
