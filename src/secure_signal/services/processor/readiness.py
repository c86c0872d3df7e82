"""Whether signal-processor can do its work: asked by /readyz, answered by asking PostgreSQL and Kafka."""

from confluent_kafka import KafkaException

from secure_signal.adapters import kafka, postgres
from secure_signal.adapters.settings import Settings
from secure_signal.core.errors import RetryError
from secure_signal.services.processor.processor import Processor

_SECONDS = 2.0


class Readiness:
    """Called, it says why the processor cannot work now; nothing when it can."""

    def __init__(self, settings: Settings, processor: Processor) -> None:
        self._settings = settings
        self._processor = processor
        self._kafka = kafka.admin(settings.kafka_bootstrap_servers)

    def __call__(self) -> str:
        """Block for a few seconds at most."""
        return self._processor.outage or self._postgres_trouble() or self._kafka_trouble()

    def _postgres_trouble(self) -> str:
        try:
            postgres.connect(self._settings.database_url, "signal-processor readiness").close()
        except RetryError as error:
            return str(error)
        return ""

    def _kafka_trouble(self) -> str:
        try:
            self._kafka.list_topics(timeout=_SECONDS)
        except KafkaException as error:
            return f"Kafka does not answer: {error.args[0].str()}"
        return ""
