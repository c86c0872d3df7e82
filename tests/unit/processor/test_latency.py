import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from secure_signal.adapters.latency import LatencyHistogram

BOUNDS = (0.01, 0.1, 1)


@given(st.lists(st.lists(st.sampled_from([0.0, 0.01, 0.1, 1.0]) | st.floats(0, 2), max_size=20), max_size=3))
def test_it_counts_as_the_client_library_does(batches: list[list[float]]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    quick = LatencyHistogram("x_seconds", "x", BOUNDS)
    ours.register(quick)
    plain = Histogram("x_seconds", "x", registry=theirs, buckets=BOUNDS)
    for batch in batches:
        quick.observe(batch)
        for seconds in batch:
            plain.observe(seconds)
    for name in ("x_seconds_bucket", "x_seconds_count", "x_seconds_sum"):
        for bound in ("0.01", "0.1", "1.0", "+Inf") if name.endswith("bucket") else (None,):
            labels = {"le": bound} if bound else {}
            assert ours.get_sample_value(name, labels) == pytest.approx(theirs.get_sample_value(name, labels))
