"""What the services say of themselves, over HTTP."""

import http.client
import json
from collections import defaultdict
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client.parser import text_string_to_metric_families

from secure_signal.stack.ports import HOST, Ports

_SECONDS = 2.0
_LAG = "_consumer_lag_records"


@dataclass(frozen=True)
class Reading:
    """Totals since the start of each service, and records not yet done; None where a service is silent."""

    produced: float | None
    processed: float | None
    found: float | None
    lag: float | None


def read(ports: Ports) -> Reading:
    """Ask emitter, processor and detector."""
    emitter, processor, detector = (metrics(p) for p in (ports.emitter, ports.processor, ports.detector))
    return Reading(
        produced=_total(emitter, "signals_produced_total"),
        processed=_total(processor, "events_processed_total"),
        found=_total(detector, "anomalies_detected_total"),
        lag=lag(processor),
    )


def _total(found: dict[str, float], name: str) -> float | None:
    """A counter with labels does not appear before it counts."""
    return found.get(name, 0.0) if found else None


def lag(found: dict[str, float]) -> float | None:
    """Records that a service has not done yet, over all its topics; None where it does not say."""
    return next((value for name, value in found.items() if name.endswith(_LAG)), None)


def metrics(port: int) -> dict[str, float]:
    """Each metric's sum over its labels; empty where the service does not answer."""
    sums: dict[str, float] = defaultdict(float)
    try:
        _, text = _get(port, "/metrics")
    except (OSError, http.client.HTTPException):
        return sums
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            sums[sample.name] += sample.value
    return sums


def readiness(port: int) -> str:
    """Why a service is not ready; empty when it is."""
    try:
        status, body = _get(port, "/readyz")
        return "" if status == HTTPStatus.OK else str(json.loads(body)["reason"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError) as error:
        return f"it does not answer: {error}"


def _get(port: int, path: str) -> tuple[int, str]:
    """Straight to the loopback address, whatever proxy the environment names."""
    connection = http.client.HTTPConnection(HOST, port, timeout=_SECONDS)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
