"""signal-emitter as a process of its own, as a test starts, calls and stops it."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from confluent_kafka import TopicPartition
from tests.servers import until

from secure_signal.adapters import kafka, topics
from secure_signal.stack import ports

JSON = {"content-type": "application/json"}


class Emitter:
    """A running signal-emitter and a client for it."""

    def __init__(self, log: Path, **settings: str) -> None:
        self.port = ports.free()
        self._log = log
        variables = {"SECURE_SIGNAL_HTTP_PORT": str(self.port), "SIGNALS_PER_SECOND": "0", **settings}
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "secure_signal", "emitter"],
                env={**os.environ, **variables},
                stdout=output,
                stderr=output,
            )
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=30)

    def wait_for(self, path: str, status: int = 200) -> None:
        """Until a probe answers so."""
        until(lambda: self._status(path) == status, f"{path} answers {status}", self._log.read_text)

    def _status(self, path: str) -> int:
        try:
            return self.client.get(path).status_code
        except httpx.TransportError:
            return 0

    def post(self, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """One call of POST /v1/signals."""
        return self.client.post("/v1/signals", content=content, headers={**JSON, **(headers or {})})

    def metric(self, name: str) -> float:
        """The value of one sample, labels included in its name; 0 where there is none."""
        for line in self.client.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.rpartition(" ")[2])
        return 0


@contextmanager
def running_emitter(log: Path, **settings: str) -> Iterator[Emitter]:
    """An emitter that is ready; it ends with the block."""
    emitter = Emitter(log, **settings)
    try:
        emitter.wait_for("/readyz")
        yield emitter
    finally:
        emitter.client.close()
        emitter.process.terminate()
        try:
            emitter.process.wait(20)
        finally:
            emitter.process.kill()


def stored(bootstrap: str, accepted: Sequence[dict[str, Any]]) -> list[tuple[bytes | None, bytes | None]]:
    """Key and value of the records where an answer says that its signals are, in its order."""
    consumer = kafka.consumer(bootstrap, "emitter-test")
    found = {}
    try:
        consumer.assign(
            [
                TopicPartition(topics.SIGNALS, p, min(a["offset"] for a in accepted if a["partition"] == p))
                for p in {a["partition"] for a in accepted}
            ]
        )
        wanted = {(a["partition"], a["offset"]) for a in accepted}

        def read() -> bool:
            for message in consumer.consume(1000, 0.1):
                assert message.error() is None
                found[message.partition(), message.offset()] = (message.key(), message.value())
            return wanted <= found.keys()

        until(read, "every record is where the answer says", seconds=20)
    finally:
        consumer.close()
    return [found[a["partition"], a["offset"]] for a in accepted]
