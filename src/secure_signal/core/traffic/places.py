"""Where people are: cities with their coordinates and clocks."""

import math
from typing import NamedTuple

EARTH_RADIUS_KM = 6371


class Place(NamedTuple):
    """A city: ISO 3166 country, degrees north and east, hours ahead of UTC in winter."""

    city: str
    country: str
    latitude: float
    longitude: float
    utc_offset: float


PLACES = (
    Place("Basel", "CH", 47.56, 7.59, 1),
    Place("Berlin", "DE", 52.52, 13.40, 1),
    Place("Paris", "FR", 48.86, 2.35, 1),
    Place("London", "GB", 51.51, -0.13, 0),
    Place("Copenhagen", "DK", 55.68, 12.57, 1),
    Place("Warsaw", "PL", 52.23, 21.01, 1),
    Place("Lagos", "NG", 6.52, 3.38, 1),
    Place("Nairobi", "KE", -1.29, 36.82, 3),
    Place("Dubai", "AE", 25.20, 55.27, 4),
    Place("Mumbai", "IN", 19.08, 72.88, 5.5),
    Place("Singapore", "SG", 1.35, 103.82, 8),
    Place("Tokyo", "JP", 35.68, 139.69, 9),
    Place("Sydney", "AU", -33.87, 151.21, 10),
    Place("Auckland", "NZ", -36.85, 174.76, 12),
    Place("New York", "US", 40.71, -74.01, -5),
    Place("Denver", "US", 39.74, -104.99, -7),
    Place("San Francisco", "US", 37.77, -122.42, -8),
    Place("Toronto", "CA", 43.65, -79.38, -5),
    Place("Mexico City", "MX", 19.43, -99.13, -6),
    Place("Sao Paulo", "BR", -23.55, -46.63, -3),
)

# People who work in the city live here too, on the other side of a border.
ACROSS_THE_BORDER = {
    "Basel": Place("Saint-Louis", "FR", 47.59, 7.56, 1),
    "Copenhagen": Place("Malmo", "SE", 55.61, 13.00, 1),
    "Singapore": Place("Johor Bahru", "MY", 1.49, 103.74, 8),
}


def kilometres(a: Place, b: Place) -> float:
    """The great-circle distance (haversine formula)."""
    north, east = math.radians(b.latitude - a.latitude), math.radians(b.longitude - a.longitude)
    shrink = math.cos(math.radians(a.latitude)) * math.cos(math.radians(b.latitude))
    h = math.sin(north / 2) ** 2 + shrink * math.sin(east / 2) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(h))
