"""What a person reads of an anomaly."""

from tests.unit.detection.conftest import Load
from tests.unit.detection.samples import BRUTE_FORCE, FAILED, signal
from tests.unit.detection.test_engine import observe

from secure_signal.core.detection.engine import Engine


def test_different_values_are_counted_in_words(load: Load) -> None:
    countries = BRUTE_FORCE.replace("event_count", "value_count").replace(
        "{gte: 3}", "{gte: 2, field: country}"
    )
    signals = [signal(n, payload={"outcome": "failure", "country": "DE" if n else "FR"}) for n in range(2)]
    (found,) = observe(Engine(load(FAILED, countries)), *signals)
    sentence = "User alice: 2 different values of country in failed login within 10 seconds (Brute force)"
    assert found.summary == sentence
