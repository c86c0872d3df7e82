"""What an attacker finds: a time, people to pick on, and somewhere to come from."""

from collections import deque
from collections.abc import Callable
from random import Random

from secure_signal.core.traffic import networks
from secure_signal.core.traffic.actions import Actor
from secure_signal.core.traffic.places import PLACES, Place, kilometres
from secure_signal.core.traffic.population import Population, User, device
from secure_signal.core.traffic.sessions import session_id

# Nearer than this, two sign-ins half an hour apart may be one traveller's.
_FAR_KM = 1000


class Opportunity:
    """The attackers' view of a population at ``instant``; the latest victims are left in peace."""

    def __init__(self, rng: Random, population: Population) -> None:
        self.rng = rng
        self.population = population
        self.instant = 0
        self._spared: deque[int] = deque(maxlen=population.size // 4)

    def victim(self, role: str | None = None) -> User:
        """Somebody at work now who was not attacked lately."""
        return self._spare(lambda: self.population.awake(self.rng, self.instant, role))

    def sleeper(self) -> User:
        """The owner of a forgotten account."""
        return self._spare(lambda: self.population.dormant(self.rng))

    def at_desk(self, user: User) -> Actor:
        """The user in person."""
        connection = self.population.whereabouts(user, self.instant) or user.home
        return Actor(user.id, user.desktop, connection, session_id(self.rng))

    def stranger(self, user: User) -> Actor:
        """Somebody else with the user's name: half of them hide behind an address near the user."""
        place = user.home.place if self.rng.random() < 0.5 else self.rng.choice(PLACES)
        return self.stranger_in(place, user)

    def foreigner(self, user: User, place: Place) -> Actor:
        """Somebody with the user's name in another country, far from ``place``."""
        far = [p for p in PLACES if p.country != place.country and kilometres(p, place) > _FAR_KM]
        return self.stranger_in(self.rng.choice(far), user)

    def stranger_in(self, place: Place, user: User) -> Actor:
        """Somebody with the user's name, a device of their own, and an address in this place."""
        connection = networks.home(self.rng, place)
        return Actor(user.id, device(self.rng, user.role), connection, session_id(self.rng), malicious=True)

    def _spare(self, pick: Callable[[], User]) -> User:
        while (user := pick()).number in self._spared:
            pass
        self._spared.append(user.number)
        return user
