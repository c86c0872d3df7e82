"""Attacks past the door: by insiders, with stolen keys, and on what the application lets through.

An insider signs in and works like everybody else; only what comes then is the attack.
"""

from collections.abc import Generator, Iterator

from secure_signal.core.traffic.actions import Actor, Step
from secure_signal.core.traffic.attacks.opportunity import Opportunity
from secure_signal.core.traffic.sessions import DATASETS, Visit, export, file, sign_in, think, work


def mass_download(o: Opportunity) -> Iterator[Step]:
    """Somebody takes along all they can get, file by file."""
    insider = yield from _insider(o, "member")
    for _ in range(o.rng.randint(36, 50)):
        yield insider.does(o.rng.uniform(0.3, 1.2), "file.download", **file(o.rng))


def privilege_escalation(o: Opportunity) -> Iterator[Step]:
    """No admin, but found the way to become one."""
    insider = yield from _insider(o, "member")
    ask = {"target_user": insider.user_id, "actor_role": "member", "new_role": "admin"}
    for _ in range(o.rng.randint(0, 2)):
        yield insider.does(think(o.rng), "role.change", **ask, outcome="failure")
    yield insider.does(think(o.rng), "role.change", **ask)
    for _ in range(o.rng.randint(1, 3)):
        yield insider.does(think(o.rng), "file.read", **file(o.rng))


def audit_tampering(o: Opportunity) -> Iterator[Step]:
    """An admin's account covers its tracks before it acts."""
    insider = yield from _insider(o, "admin")
    yield insider.does(think(o.rng), "audit.config_change", setting="audit_log", value="disabled")
    for _ in range(o.rng.randint(2, 5)):
        yield insider.does(think(o.rng), "file.download", **file(o.rng))


def api_key_abuse(o: Opportunity) -> Iterator[Step]:
    """A key that lay about in a public place exports the data, table after table."""
    owner = o.victim("service")
    thief = o.stranger(owner)
    for dataset in o.rng.sample(DATASETS, o.rng.randint(15, 22)):
        details = export(o.rng, dataset)
        yield thief.does(o.rng.uniform(0.5, 2), "api.export", api_key_id=owner.api_key_id, **details)


def api_enumeration(o: Opportunity) -> Iterator[Step]:
    """Number after number is tried: what belongs to others, or is hidden, answers 403 or 404."""
    owner = o.victim("developer")
    prober = o.stranger(owner)
    first = o.rng.randrange(10**6)
    for n in range(o.rng.randint(26, 36)):
        status = o.rng.choices((403, 404, 200), (6, 3, 1))[0]
        path = f"/v2/orders/{first + n}"
        yield prober.does(
            o.rng.uniform(0.2, 1), "api.request", api_key_id=owner.api_key_id, path=path, status=status
        )


def _insider(o: Opportunity, role: str) -> Generator[Step, None, Actor]:
    """Innocent so far; then the same actor with something else in mind."""
    user = o.victim(role)
    begun = Visit(o.rng, o.population, user, o.at_desk(user))
    yield from sign_in(begun)
    yield from work(begun, o.rng.randint(1, 3))
    return begun.actor._replace(malicious=True)
