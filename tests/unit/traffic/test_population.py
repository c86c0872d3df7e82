"""People are believable: where they are follows from the clock, and nobody is faster than a plane."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from itertools import pairwise
from random import Random

import pytest

from secure_signal.core import instant
from secure_signal.core.traffic.networks import Connection
from secure_signal.core.traffic.places import PLACES, Place, kilometres
from secure_signal.core.traffic.population import DAY, HOUR, Population, User, flight_time

MONDAY = instant.parse("2026-05-04T00:00:00Z")
RESERVED = [ip_network(n) for n in ("192.0.2.0/24", "198.18.0.0/15", "100.64.0.0/10", "2001:db8::/32")]


@pytest.fixture(scope="module")
def population() -> Population:
    return Population(seed=1, size=1000)


def week(population: Population, user: User) -> Iterator[tuple[int, Connection]]:
    for moment in range(MONDAY, MONDAY + 7 * DAY, HOUR // 4):
        if connection := population.whereabouts(user, moment):
            yield moment, connection


def test_everything_about_a_person_follows_from_seed_and_number(population: Population) -> None:
    assert Population(1, 1000).user(17) == population.user(17)
    assert Population(2, 1000).user(17) != population.user(17)


def test_ids_are_unique(population: Population) -> None:
    assert len({population.user(n).id for n in range(2000)}) == 2000


def test_between_two_countries_lies_the_time_it_takes(population: Population) -> None:
    travellers = 0
    for number in range(150):
        for (left, a), (arrived, b) in pairwise(week(population, population.user(number))):
            if a.place.country != b.place.country:
                far = kilometres(a.place, b.place) > 500
                travellers += far
                assert arrived - left >= (flight_time(a.place, b.place) if far else HOUR)
    assert travellers


def test_addresses_are_reserved_ones_and_each_is_in_one_place(population: Population) -> None:
    places: dict[str, Place] = {}
    for number in range(150):
        for _, connection in week(population, population.user(number)):
            address = ip_address(connection.ip)
            assert any(address in network for network in RESERVED)
            assert places.setdefault(connection.ip, connection.place) == connection.place


def test_people_are_in_the_office_in_office_hours_and_asleep_at_night(population: Population) -> None:
    someone = next(
        user
        for user in map(population.user, range(1000))
        if user.office and user.role != "service" and user.home.place.city == "London"
    )
    noon, night, saturday = MONDAY + 12 * HOUR, MONDAY + 3 * HOUR, MONDAY + 5 * DAY + 12 * HOUR
    assert population.whereabouts(someone, noon) == someone.office
    assert population.whereabouts(someone, saturday) == someone.home
    likelihood = [population.likelihood(someone, moment) for moment in (night, saturday, noon)]
    assert likelihood == sorted(likelihood)
    assert likelihood[0] < likelihood[1] < likelihood[2]


def test_somebody_in_a_role_is_found_at_any_hour(population: Population) -> None:
    for hour in range(0, 168, 5):
        assert population.awake(Random(hour), MONDAY + hour * HOUR, "admin").role == "admin"


def test_the_distance_is_that_of_an_atlas() -> None:
    by_city = {place.city: place for place in PLACES}
    # Great-circle distance London to New York: about 5,570 km.
    assert kilometres(by_city["London"], by_city["New York"]) == pytest.approx(5570, rel=0.005)
