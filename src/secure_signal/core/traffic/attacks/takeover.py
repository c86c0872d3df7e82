"""Attacks with somebody's account: the password, the session or the way to a new one is stolen."""

from collections.abc import Iterator

from secure_signal.core.traffic.actions import Step
from secure_signal.core.traffic.attacks.opportunity import Opportunity
from secure_signal.core.traffic.population import new_device_id
from secure_signal.core.traffic.sessions import file, new_key, think


def impossible_travel(o: Opportunity) -> Iterator[Step]:
    """Signed in here, and minutes later in a country far away."""
    victim = o.victim()
    here = o.at_desk(victim)
    yield here.does(0, "auth.login")
    yield here.does(0.2, "session.start")
    yield here.does(think(o.rng), "page.view")
    there = o.foreigner(victim, here.connection.place)
    yield there.does(o.rng.uniform(10, 60), "auth.login", known_device=False)
    yield there.does(0.2, "session.start")
    for _ in range(o.rng.randint(2, 5)):
        yield there.does(think(o.rng), "file.read", **file(o.rng))


def new_device_payout(o: Opportunity) -> Iterator[Step]:
    """A thief signs in, makes their phone a trusted device, and pays themselves."""
    thief = o.stranger(o.victim("treasurer"))
    payee = f"payee-{o.rng.randrange(9000):04}"
    yield thief.does(0, "auth.login", known_device=False)
    yield thief.does(0.2, "session.start")
    yield thief.does(think(o.rng), "device.register", new_device_id=new_device_id(o.rng))
    yield thief.does(think(o.rng), "payee.add", payee_id=payee, bank_country=thief.connection.place.country)
    for _ in range(o.rng.randint(1, 3)):
        amount = round(o.rng.uniform(500, 9000), 2)
        yield thief.does(think(o.rng), "payment.payout", payee_id=payee, amount=amount)


def recovery_hijack(o: Opportunity) -> Iterator[Step]:
    """A thief locks the owner out: address for recovery, second factor and password are changed."""
    thief = o.stranger(o.victim())
    yield thief.does(0, "auth.login", known_device=False)
    yield thief.does(0.2, "session.start")
    yield thief.does(think(o.rng), "auth.recovery_change", channel=o.rng.choice(("email", "phone")))
    yield thief.does(think(o.rng), "auth.mfa_change")
    yield thief.does(think(o.rng), "auth.password_change")


def session_hijack(o: Opportunity) -> Iterator[Step]:
    """The owner is at work while somebody else goes on with a copy of the session's cookie."""
    victim = o.victim()
    here = o.at_desk(victim)
    yield here.does(0, "auth.login")
    yield here.does(0.2, "session.start")
    yield here.does(think(o.rng), "page.view")
    thief = o.stranger(victim)._replace(session_id=here.session_id)
    yield thief.does(o.rng.uniform(3, 40), "session.refresh")
    for _ in range(o.rng.randint(3, 6)):
        yield thief.does(think(o.rng), "file.read", **file(o.rng))
    yield here.does(think(o.rng), "page.view")


def dormant_account(o: Opportunity) -> Iterator[Step]:
    """An account that nobody missed wakes up and makes itself a key."""
    thief = o.stranger(o.sleeper())
    days = o.rng.randint(90, 400)
    yield thief.does(0, "auth.login", known_device=False, days_since_last_login=days)
    yield thief.does(0.2, "session.start")
    yield thief.does(think(o.rng), "page.view", path="/settings")
    yield thief.does(think(o.rng), "apikey.create", **new_key(o.rng))
