"""Labels on their way to PostgreSQL: an outage of it must not stop the traffic."""

import asyncio

import structlog

from secure_signal.adapters import attack_labels, postgres
from secure_signal.core.errors import RetryError
from secure_signal.core.traffic.label import Label

# At an attack in eight seconds these are the labels of a day.
MAX_LABELS = 10_000
_PERIOD_SECONDS = 1.0
_LONGEST_WAIT_SECONDS = 30.0

_log = structlog.get_logger()


class LabelOutbox:
    """Keeps labels until they are stored; beyond MAX_LABELS the oldest are given up."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._waiting: dict[str, Label] = {}

    def put(self, label: Label) -> None:
        """Take a label to be stored; one of the same id replaces what was known of that attack."""
        self._waiting[label.id] = label
        if len(self._waiting) > MAX_LABELS:
            del self._waiting[next(iter(self._waiting))]

    async def run(self) -> None:
        """Store what comes, for ever."""
        wait = _PERIOD_SECONDS
        while True:
            await asyncio.sleep(wait)
            try:
                await self.flush()
                wait = _PERIOD_SECONDS
            except RetryError as error:
                wait = min(2 * wait, _LONGEST_WAIT_SECONDS)
                _log.warning("labels wait", reason=str(error), labels=len(self._waiting), seconds=wait)

    async def flush(self) -> None:
        """Store what waits now; RetryError, with all of it kept, where that cannot be done."""
        labels = list(self._waiting.values())
        if labels:
            await asyncio.to_thread(self._store, labels)
        for label in labels:
            # One that was told anew meanwhile waits for the next time.
            if self._waiting.get(label.id) is label:
                del self._waiting[label.id]

    def _store(self, labels: list[Label]) -> None:
        with postgres.connect(self._url, "attack-labels") as connection:
            attack_labels.store(connection, labels)
