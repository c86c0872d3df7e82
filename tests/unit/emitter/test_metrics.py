"""Labels have few values, whatever senders write."""

import pytest
from prometheus_client import REGISTRY

from secure_signal.services.emitter import metrics


@pytest.mark.parametrize(
    ("field", "label"),
    [
        ("user_id", "user_id"),
        ("payload.a.b", "payload"),
        ("time", "time"),
        ("", "whole"),
        ("x" * 99, "other"),
    ],
)
def test_a_refusal_is_counted_under_a_known_field(field: str, label: str) -> None:
    def value() -> float:
        return REGISTRY.get_sample_value("signals_refused_total", {"field": label}) or 0

    before = value()
    metrics.refused(field)
    assert value() == before + 1
