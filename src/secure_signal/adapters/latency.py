"""A Prometheus histogram that takes a whole batch of observations at a time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class LatencyHistogram(Collector):
    """Seconds, in buckets up to each of ``bounds``; about 0.1 µs for each observation.

    prometheus_client's own takes one at a time, which costs a tenth of what storing a signal does.
    """

    def __init__(self, name: str, documentation: str, bounds: Sequence[float]) -> None:
        self._name = name
        self._documentation = documentation
        self._bounds = [*bounds, float("inf")]
        self._counts = [0] * len(self._bounds)
        self._sum = 0.0

    def observe(self, seconds: Iterable[float]) -> None:
        """Count each of them."""
        ordered = sorted(seconds)
        self._counts = [
            count + bisect_right(ordered, bound)
            for count, bound in zip(self._counts, self._bounds, strict=True)
        ]
        self._sum += sum(ordered)

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """What a scrape gets: each bucket counts those below it too."""
        buckets = [
            (floatToGoString(bound), float(count))  # type: ignore[no-untyped-call]
            for bound, count in zip(self._bounds, self._counts, strict=True)
        ]
        yield HistogramMetricFamily(self._name, self._documentation, buckets=buckets, sum_value=self._sum)
