"""Attacks at the door: on passwords, on second factors, and with accounts that nobody is behind."""

from collections.abc import Iterator

from secure_signal.core.traffic.actions import Step
from secure_signal.core.traffic.attacks.opportunity import Opportunity
from secure_signal.core.traffic.near_misses import newcomer
from secure_signal.core.traffic.sessions import session_id


def brute_force(o: Opportunity) -> Iterator[Step]:
    """Many passwords for one account, sometimes with success."""
    attacker = o.stranger(o.victim())
    pace = o.rng.uniform(0.5, 2)
    for _ in range(o.rng.randint(12, 20)):
        yield attacker.does(
            o.rng.uniform(0.5, 1.5) * pace, "auth.login", outcome="failure", reason="wrong_password"
        )
    if o.rng.random() < 0.3:
        yield attacker.does(pace, "auth.login", known_device=False)


def password_spray(o: Opportunity) -> Iterator[Step]:
    """One likely password for many accounts, from one address."""
    attacker = o.stranger(o.victim())
    for _ in range(o.rng.randint(13, 20)):
        account = attacker._replace(user_id=o.victim().id, session_id=session_id(o.rng))
        yield account.does(o.rng.uniform(1, 3), "auth.login", outcome="failure", reason="wrong_password")


def credential_stuffing(o: Opportunity) -> Iterator[Step]:
    """Names and passwords stolen elsewhere: most names are unknown here, a few pairs fit."""
    attacker = o.stranger(o.victim())
    results = ["unknown_user"] * o.rng.randint(16, 22) + ["wrong_password"] * 4 + [""] * o.rng.randint(2, 3)
    o.rng.shuffle(results)
    for reason in results:
        user_id = newcomer(o.rng, o.population.size) if reason == "unknown_user" else o.victim().id
        account = attacker._replace(user_id=user_id, session_id=session_id(o.rng))
        outcome = "failure" if reason else "success"
        wait = o.rng.uniform(0.3, 1.5)
        yield account.does(wait, "auth.login", outcome=outcome, reason=reason, known_device=bool(reason))


def mfa_fatigue(o: Opportunity) -> Iterator[Step]:
    """The password is known; requests for the second factor come until the victim gives in."""
    attacker = o.stranger(o.victim())
    yield attacker.does(0, "auth.login", known_device=False)
    for _ in range(o.rng.randint(6, 10)):
        outcome = o.rng.choice(("denied", "timeout"))
        yield attacker.does(o.rng.uniform(3, 10), "auth.mfa", outcome=outcome)
    if o.rng.random() < 0.6:
        yield attacker.does(5, "auth.mfa")
        yield attacker.does(0.2, "session.start")


def fake_accounts(o: Opportunity) -> Iterator[Step]:
    """One device signs up again and again."""
    attacker = o.stranger(o.victim())
    for _ in range(o.rng.randint(7, 10)):
        account = attacker._replace(user_id=newcomer(o.rng, o.population.size), session_id=session_id(o.rng))
        yield account.does(o.rng.uniform(2, 6), "account.create")
