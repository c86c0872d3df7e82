"""How people are connected. Every address comes from a range that no one on the Internet has.

198.18.0.0/15 is for benchmarks (RFC 2544), 100.64.0.0/10 for carriers' NAT (RFC 6598), 192.0.2.0/24
(RFC 5737) and 2001:db8::/32 (RFC 3849) are for documentation.
"""

from random import Random
from typing import NamedTuple

from secure_signal.core.traffic.places import PLACES, Place

# So many people share one address of an office or of a mobile carrier.
SHARED_BY = 60


class Connection(NamedTuple):
    """An address, and the place that a GeoIP database gives for it."""

    ip: str
    place: Place


def office(number: int, place: Place) -> Connection:
    """The one address of an office."""
    return Connection(f"198.18.{number >> 8 & 255}.{number & 255}", place)


def home(rng: Random, place: Place) -> Connection:
    """An address of somebody's home, IPv4 or IPv6."""
    if rng.random() < 0.4:
        return Connection(f"2001:db8:{rng.getrandbits(16):x}:{rng.getrandbits(16):x}::{_host(rng):x}", place)
    return Connection(f"198.19.{rng.getrandbits(8)}.{_host(rng)}", place)


def mobile(person: int, place: Place) -> Connection:
    """The carrier's address behind which somebody's phone is."""
    # Someone from across the border is put into the last block of 64 Ki addresses.
    carrier = PLACES.index(place) if place in PLACES else 63
    pool = person // SHARED_BY
    return Connection(f"100.{64 + carrier}.{pool >> 8 & 255}.{pool & 255}", place)


def company_vpn(person: int) -> Connection:
    """The company's own VPN, whose exits are all in one city."""
    return Connection(f"192.0.2.{1 + person % 250}", PLACES[0])


def _host(rng: Random) -> int:
    return rng.randint(1, 254)
