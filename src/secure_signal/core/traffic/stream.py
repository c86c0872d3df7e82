"""Made traffic as one stream: people at work, and the attacks among them."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from secure_signal.core.traffic import pace
from secure_signal.core.traffic.campaign import Campaign
from secure_signal.core.traffic.crowd import Crowd
from secure_signal.core.traffic.emission import Emission, signal
from secure_signal.core.traffic.label import Label
from secure_signal.core.traffic.population import Population

# So many people for each signal a second: each of them is seen every few minutes.
_PEOPLE_PER_RATE = 40
_FEWEST_PEOPLE = 800


class Traffic(NamedTuple):
    """What is asked for; ``rate`` is the mean of signals a second, above 0."""

    seed: int
    rate: float
    burst: bool = False


def stream(traffic: Traffic, start: int, end: int | None = None) -> Iterator[Emission | Label]:
    """Emissions in order of time from ``start`` (microseconds) to ``end``, or without end.

    A label comes before its attack's first signal. The same arguments give the same stream, to the
    byte; the people are the same for the same seed and rate, whatever the start.
    """
    rng = Random(f"{traffic.seed}/{start}")
    population = Population(traffic.seed, max(_FEWEST_PEOPLE, int(traffic.rate * _PEOPLE_PER_RATE)))
    campaign = Campaign(rng, population, traffic.rate, start, end)
    crowd = Crowd(rng, population)
    ceded = 0
    for instant in pace.slots(rng, traffic.rate, traffic.burst, start):
        if end is not None and instant >= end:
            yield from campaign.until(end - 1)
            return
        yield from campaign.until(instant)
        # Attacks are part of the rate: people cede every other signal until it is made good.
        if ceded < campaign.made and rng.random() < 0.5:
            ceded += 1
        else:
            yield Emission(instant, signal(rng, crowd.step(instant), instant))
