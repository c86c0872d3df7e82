"""The four services as processes, with work for each metric, and a Prometheus that scrapes them."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import yaml
from confluent_kafka import Producer
from tests.servers import until

from secure_signal.adapters import topics
from secure_signal.stack import ports

DEPLOY = Path(__file__).parents[2] / "deploy"

_COMMANDS = {
    "signal-emitter": "emitter",
    "signal-processor": "processor",
    "anomaly-detector": "detector",
    "dashboard": "dashboard",
}


class Pipeline:
    """The services by their names; ``work`` gives each something to count."""

    def __init__(self, folder: Path, bootstrap_servers: str, settings: dict[str, str]) -> None:
        self.ports = {name: ports.free() for name in _COMMANDS}
        self._folder = folder
        self._settings = settings
        self._producer = Producer({"bootstrap.servers": bootstrap_servers})
        self._emitter = httpx.Client(base_url=f"http://127.0.0.1:{self.ports['signal-emitter']}")
        self._dashboard = httpx.Client(base_url=f"http://127.0.0.1:{self.ports['dashboard']}")

    def start(self, stack: ExitStack) -> None:
        """Start all four and wait until they are ready."""
        for name, command in _COMMANDS.items():
            environment = os.environ | self._settings | {"SECURE_SIGNAL_HTTP_PORT": str(self.ports[name])}
            arguments = [sys.executable, "-m", "secure_signal", command]
            stack.enter_context(running(arguments, self._folder / f"{name}.log", environment))
        for name, port in self.ports.items():
            log = self._folder / f"{name}.log"
            until(partial(answers, port, "/readyz"), f"{name} is ready", log.read_text)

    def work(self) -> None:
        """A signal that one rule finds by itself, one that is refused, a poisoned record, a question."""
        self._emitter.post("/v1/signals", json=[_signal("admin"), {"type": "no user"}])
        self._producer.produce(topics.SIGNALS, value=b"not a signal")
        self._producer.flush(10)
        self._dashboard.get("/v1/anomalies").raise_for_status()


class Prometheus:
    """Debian's Prometheus with the project's rules, scraping each second."""

    def __init__(self, folder: Path, targets: dict[str, int]) -> None:
        self._port = ports.free()
        self._folder = folder
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(_config(targets)))
        self.command = [
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'tsdb'}",
            f"--web.listen-address=127.0.0.1:{self._port}",
        ]

    def start(self, stack: ExitStack) -> None:
        """Start it and wait until it is ready."""
        log = self._folder / "prometheus.log"
        stack.enter_context(running(self.command, log, os.environ))
        until(lambda: answers(self._port, "/-/ready"), "Prometheus is ready", log.read_text)

    def ask(self, path: str, **query: str) -> Any:
        """The data of an answer of its API."""
        answer = httpx.get(f"http://127.0.0.1:{self._port}/api/v1/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]


@contextmanager
def running(command: list[str], log: Path, environment: Any) -> Iterator[None]:
    """A process that is terminated at the end of the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(20)
        finally:
            process.kill()


def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}").status_code == 200
    except httpx.TransportError:
        return False


def _config(targets: dict[str, int]) -> dict[str, Any]:
    """The project's configuration with other addresses and a faster clock."""
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(DEPLOY / "prometheus" / path) for path in config["rule_files"]]
    jobs = [job["job_name"] for job in config["scrape_configs"] if job["job_name"] in targets]
    config["scrape_configs"] = [
        {"job_name": job, "static_configs": [{"targets": [f"127.0.0.1:{targets[job]}"]}]} for job in jobs
    ]
    return config


def _signal(role: str) -> dict[str, Any]:
    payload = {"outcome": "success", "new_role": role, "actor_role": "support"}
    now = datetime.now(UTC).isoformat()
    return {"user_id": "mallory", "type": "role.change", "timestamp": now, "payload": payload}
