"""anomaly-detector: signals in, anomalies out, both on Kafka."""

import gc
import signal
import threading
import time

import structlog
from confluent_kafka import KafkaException

from secure_signal.adapters import probes, topics
from secure_signal.adapters.settings import Settings
from secure_signal.core.errors import FencedError, RetryError
from secure_signal.services.detector import metrics
from secure_signal.services.detector.detector import Detector
from secure_signal.services.detector.reload import Rules

PORT = 8002

_PAUSE = 1.0
_LONGEST_TURN = 15.0

log = structlog.get_logger()


class Readiness:
    """Why the detector cannot work now; empty when it can."""

    def __init__(self) -> None:
        self.reason = "Starting"
        self._turned_at = time.monotonic()

    def turned(self, *, is_member: bool) -> None:
        """The loop came round."""
        self.reason = "" if is_member else "Waiting for the consumer group"
        self._turned_at = time.monotonic()

    def __call__(self) -> str:
        """What /readyz says."""
        still = time.monotonic() - self._turned_at
        if not self.reason and still > _LONGEST_TURN:
            return f"Waiting for Kafka for {still:.0f} s"
        return self.reason


def run(settings: Settings) -> None:
    """Detect until SIGTERM or SIGINT. Whatever fails, the work begins anew from the last checkpoint."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    rules = Rules(settings)
    # What lives long is bytes and texts: looking for cycles among it took an eighth of the time.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    ready = Readiness()
    port = PORT if settings.http_port is None else settings.http_port
    with probes.serving(ready, settings.http_host, port), rules.followed(stop):
        while not stop.is_set():
            try:
                _detect(settings, rules, ready, stop)
            except (RetryError, FencedError, KafkaException) as error:
                ready.reason = str(error)
                metrics.RECOVERIES.inc()
                log.warning("begins anew from the last checkpoint", reason=str(error))
                stop.wait(_PAUSE)


def _detect(settings: Settings, rules: Rules, ready: Readiness, stop: threading.Event) -> None:
    topics.ensure(settings.kafka_bootstrap_servers, settings.partitions, settings.replication_factor)
    rules.announce()
    detector = Detector(settings, rules.current, stop)
    try:
        while not stop.is_set():
            if detector.ruleset is not rules.current:
                detector.reload(rules.current)
            detector.turn()
            ready.turned(is_member=detector.is_member)
        detector.leave()
    except BaseException:
        detector.abandon()
        raise
