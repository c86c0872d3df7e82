"""What an operator can ask about signal-emitter."""

from prometheus_client import Counter, Gauge, Histogram

PRODUCED = Counter("signals_produced", "Signals that the broker acknowledged", ["source"])
LATENCY = Histogram(
    "signal_production_latency_seconds",
    "From a call's signals at hand to the broker's acknowledgement of all of them",
    ["source"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
REFUSED = Counter("signals_refused", "Signals refused, by the member at fault", ["field"])
UNACKNOWLEDGED = Counter(
    "signals_unacknowledged", "Signals of which no acknowledgement came in time", ["source"]
)
IN_FLIGHT = Gauge("signals_in_flight", "Signals sent to the broker and not acknowledged yet")
BACKLOG = Gauge("http_backlog_bytes", "Bodies of calls that are not answered yet")

_FIELDS = {"id", "user_id", "type", "timestamp", "payload"}
_CLOUDEVENTS = {"source", "specversion", "subject", "time", "data", "datacontenttype"}


def refused(field: str) -> None:
    """Count a refusal; whatever a sender wrote, the label has few values."""
    name = field.partition(".")[0]
    REFUSED.labels(name if name in _FIELDS | _CLOUDEVENTS else "other" if name else "whole").inc()
