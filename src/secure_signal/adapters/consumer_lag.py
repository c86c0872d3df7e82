"""Consumer lag at the time of a scrape, also of partitions whose work stands still."""

from collections.abc import Callable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from secure_signal.adapters.topic_logs import TopicLogs
from secure_signal.core.errors import RetryError

_SECONDS = 2.0

Offsets = Callable[[], dict[tuple[str, int], int]]
"""The next offset of each partition (topic, number) of this process."""


class ConsumerLag(Collector):
    """Asks Kafka where the topics end; says nothing while Kafka does not answer."""

    def __init__(self, name: str, bootstrap_servers: str, topics: tuple[str, ...], offsets: Offsets) -> None:
        self._name = name
        self._logs = TopicLogs(bootstrap_servers, _SECONDS)
        self._topics = topics
        self._offsets = offsets

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """The name, without asking Kafka."""
        yield GaugeMetricFamily(self._name, "Records that are not done yet", labels=["topic", "partition"])

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What a scrape gets."""
        (family,) = self.describe()
        offsets = self._offsets()
        for topic in self._topics:
            try:
                _, found = self._logs.ends(topic)
            except RetryError:
                break
            for partition, end in found.items():
                if (topic, partition) in offsets:
                    family.add_metric([topic, str(partition)], max(0, end - offsets[topic, partition]))
        yield family
