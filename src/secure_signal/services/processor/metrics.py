"""What an operator can ask about signal-processor."""

from collections.abc import Sequence

from prometheus_client import REGISTRY, Counter, Gauge

from secure_signal.adapters.dead_letters import DeadLetter
from secure_signal.adapters.latency import LatencyHistogram
from secure_signal.services.processor.batch import Batch

PROCESSED = Counter(
    "events_processed", "Records of signal-events and anomaly-events that are stored or set aside"
)
LATENCY = LatencyHistogram(
    "processing_latency_seconds",
    "From a record's Kafka timestamp, which for signals is the broker's, to the commit that stored it",
    (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
BATCH_SIZE = Gauge("batch_size_current", "Records of the last batch")
BATCH_AGE = Gauge("processor_batch_age_seconds", "From the first record of the last batch to its commit")
DEAD_LETTERS = Counter(
    "processor_dead_letters", "Records sent to the dead-letter topic, by the member at fault", ["field"]
)
LAST_COMMIT = Gauge("processor_last_commit_timestamp_seconds", "When the last batch was committed")
OUTAGE = Gauge("processor_outage", "1 while PostgreSQL or Kafka keeps the processor from its work")
OUTAGES = Counter("processor_outages", "Times a batch was dropped to be done again, for an outage")
FENCES = Counter("processor_fences", "Times a batch was dropped because another processor owns it now")

REGISTRY.register(LATENCY)

_FIELDS = {"id", "user_id", "type", "timestamp", "payload", "row"}


def committed(batch: Batch, dead: Sequence[DeadLetter], age: float, now: float) -> None:
    """Count a batch that was committed at ``now`` (seconds since the epoch), ``age`` seconds old."""
    PROCESSED.inc(len(batch))
    known = [time for record in batch.records if (time := record.timestamp()[1]) >= 0]
    LATENCY.observe([max(0.0, now - time / 1000) for time in known])
    BATCH_SIZE.set(len(batch))
    BATCH_AGE.set(age)
    LAST_COMMIT.set(now)
    for letter in dead:
        field = letter.field.partition(".")[0]
        DEAD_LETTERS.labels(field if field in _FIELDS else "whole").inc()
