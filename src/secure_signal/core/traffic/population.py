"""The people: who they are, what they use, and where they are at an hour of their week.

Everything about a person follows from the seed and the person's number, so a population of any size
takes no memory, and the same people come back after a restart.
"""

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import NamedTuple

from secure_signal.core.instant import SECOND
from secure_signal.core.traffic import networks
from secure_signal.core.traffic.networks import Connection
from secure_signal.core.traffic.places import ACROSS_THE_BORDER, PLACES, Place, kilometres

HOUR = 3600 * SECOND
DAY = 24 * HOUR
WEEK = 7 * DAY

_FIRST_NAMES = ("amir", "ana", "ben", "carla", "chen", "emma", "femi", "hana", "ivan", "lena", "maya", "raj")
_LAST_NAMES = ("alves", "costa", "diallo", "endo", "garcia", "haas", "ito", "khan", "novak", "okoye", "patel")

_ROLES = ("member", "treasurer", "developer", "admin", "service")
_SHARES = (64, 16, 12, 4, 4)

_WEBKIT, _CHROME = "AppleWebKit/605.1.15 (KHTML, like Gecko)", "AppleWebKit/537.36 (KHTML, like Gecko)"
_DESKTOPS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_CHROME} Chrome/{{}}.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Version/{{}}.0 Safari/605.1.15",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{0}.0) Gecko/20100101 Firefox/{0}.0",
)
_PHONES = (
    f"Mozilla/5.0 (Linux; Android 10; K) {_CHROME} Chrome/{{}}.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_WEBKIT} Version/{{}}.0 Mobile Safari/604.1",
)
_PROGRAMS = ("order-sync/{}", "warehouse-loader/{}", "billing-bridge/{}")


class Device(NamedTuple):
    """What somebody holds; ``id`` is the application's own mark on it and outlives browser updates."""

    id: str
    user_agent: str


class User(NamedTuple):
    """A person, or a program with an account (``role`` service)."""

    number: int
    id: str
    role: str
    home: Connection
    office: Connection | None
    desktop: Device
    phone: Device
    api_key_id: str
    has_mfa: bool


def device(rng: Random, role: str) -> Device:
    """A device that nobody has used before, of the sort that users in this role have on their desks."""
    return _device(rng, _PROGRAMS if role == "service" else _DESKTOPS)


def _device(rng: Random, models: tuple[str, ...]) -> Device:
    return Device(new_device_id(rng), rng.choice(models).format(rng.randint(138, 145)))


def new_device_id(rng: Random) -> str:
    """The mark that the application puts on a device."""
    return f"dev-{rng.getrandbits(40):010x}"


def handle(rng: Random, number: int) -> str:
    """A user id as people here have them."""
    return f"{rng.choice(_FIRST_NAMES)}.{rng.choice(_LAST_NAMES)}{number}"


class Population:
    """``size`` people who come and go; those numbered above are dormant: known, but long not seen."""

    def __init__(self, seed: int, size: int) -> None:
        self.seed = seed
        self.size = size
        self.user: Callable[[int], User] = lru_cache(4096)(self._user)

    def _user(self, number: int) -> User:
        rng = Random(f"{self.seed}/{number}")
        branch = rng.randrange(1 + self.size // networks.SHARED_BY)
        city = PLACES[branch % len(PLACES)]
        role = rng.choices(_ROLES, _SHARES)[0]
        lives = ACROSS_THE_BORDER.get(city.city, city) if rng.random() < 0.2 else city
        return User(
            number=number,
            id=handle(rng, number),
            role=role,
            home=networks.home(rng, lives),
            office=networks.office(branch, city) if lives != city or rng.random() < 0.7 else None,
            desktop=device(rng, role),
            phone=_device(rng, _PHONES),
            api_key_id=api_key_id(rng),
            has_mfa=rng.random() < 0.7,
        )

    def awake(self, rng: Random, instant: int, role: str | None = None) -> User:
        """Somebody for whom it is a likely hour; ``role`` asks for one of that role."""
        while True:
            user = self.user(rng.randrange(self.size))
            if role in (None, user.role) and rng.random() < self.likelihood(user, instant):
                return user

    def dormant(self, rng: Random) -> User:
        """Somebody with an account who has not been seen for months."""
        return self.user(self.size + rng.randrange(self.size))

    def likelihood(self, user: User, instant: int) -> float:
        """How likely it is, from 0 to 1, that this person is at work with the application now."""
        if user.role == "service":
            return 0.5
        if self.whereabouts(user, instant) is None:
            return 0
        weekday, hour = _local(user.home.place, instant)
        if weekday >= 5:
            return 0.25 if 9 <= hour < 23 else 0.04
        if 8 <= hour < 18:
            return 1
        return 0.35 if 6 <= hour < 23 else 0.04

    def whereabouts(self, user: User, instant: int) -> Connection | None:
        """The connection of a person at an instant; None on the way to work or on a plane."""
        if user.role == "service":
            return user.office or user.home
        abroad = self._journey(user, instant)
        if abroad != user.home.place:
            return abroad and networks.mobile(user.number, abroad)
        weekday, hour = _local(user.home.place, instant)
        if user.office is None or weekday >= 5 or not 8 <= hour < 18:
            return user.home
        return user.office if 9 <= hour < 17 else None

    def _journey(self, user: User, instant: int) -> Place | None:
        """Where in the world: at home, in the city visited this week, or None between the two."""
        week = (instant + 3 * DAY) // WEEK
        rng = Random(f"{self.seed}/{user.number}/{week}")
        away = rng.choice(PLACES)
        if rng.random() > 0.04 or away.country == user.home.place.country:
            return user.home.place
        monday = week * WEEK - 3 * DAY
        leaves = monday + int(rng.uniform(0.3, 4) * DAY)
        flight = flight_time(user.home.place, away)
        if instant < leaves:
            return user.home.place
        return away if leaves + flight <= instant < monday + WEEK - flight else None


def flight_time(a: Place, b: Place) -> int:
    """Microseconds from door to door: three hours, and a plane at 800 km/h."""
    return int((3 + kilometres(a, b) / 800) * HOUR)


def api_key_id(rng: Random) -> str:
    """The public part of an API key."""
    return f"key-{rng.getrandbits(32):08x}"


def _local(place: Place, instant: int) -> tuple[int, float]:
    """Weekday (Monday is 0; 1970-01-01 was a Thursday) and hour on the wall."""
    wall = instant + int(place.utc_offset * HOUR)
    return (wall // DAY + 3) % 7, wall % DAY / HOUR
