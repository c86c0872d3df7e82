"""signal-processor: Kafka in, PostgreSQL out."""

import signal
import threading

from prometheus_client import REGISTRY

from secure_signal.adapters import probes, topics
from secure_signal.adapters.consumer_lag import ConsumerLag
from secure_signal.adapters.settings import Settings
from secure_signal.services.processor.processor import NAME, Processor
from secure_signal.services.processor.readiness import Readiness

_PORT = 8001


def run(settings: Settings, group: str = NAME) -> None:
    """Store signals and anomalies until SIGTERM or SIGINT; StopError when the process cannot go on."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    processor = Processor(settings, stopping, group)
    REGISTRY.register(
        ConsumerLag(
            "processor_consumer_lag_records",
            settings.kafka_bootstrap_servers,
            (topics.SIGNALS, topics.ANOMALIES),
            lambda: processor.ownership.offsets(),
        )
    )
    port = _PORT if settings.http_port is None else settings.http_port
    with probes.serving(Readiness(settings, processor), settings.http_host, port):
        processor.work()
