"""A sender that never gives up: every batch again, with the same ids, until it is acked."""

import threading
import time
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
from tests.compose.project import FailedError

USERS = 50
USER = "compose-test-"


class Sender:
    """Sends batches of signals from a thread, through whatever is killed meanwhile."""

    def __init__(self, url: str, key: str, size: int = 50, pause: float = 0.1) -> None:
        self.sent: set[str] = set()
        self.acked: list[str] = []
        self.retries = 0
        self._size = size
        self._pause = pause
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._client = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let the batch in hand be acked, then end."""
        self._stop.set()
        self._thread.join(timeout=120)
        if self._thread.is_alive():
            raise FailedError("the last batch was not acked within 120 s")

    def _run(self) -> None:
        while not self._stop.wait(self._pause):
            batch = [signal(f"{USER}{i % USERS}", "page.view", {"number": i}) for i in range(self._size)]
            self.sent.update(one["id"] for one in batch)
            while not self._acked(batch):
                self.retries += 1
                time.sleep(0.5)

    def _acked(self, batch: list[dict[str, Any]]) -> bool:
        try:
            answer = self._client.post("/v1/signals", json=batch)
        except httpx.TransportError:
            return False
        if answer.status_code != 202:
            return False
        self.acked += [one["id"] for one in batch]
        return True


def signal(user: str, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """A signal of now, with an id of its own."""
    return {
        "id": str(uuid.uuid4()),
        "user_id": user,
        "type": kind,
        "timestamp": datetime.now(UTC).isoformat(),
        "payload": payload,
    }
