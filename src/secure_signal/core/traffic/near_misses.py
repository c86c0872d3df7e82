"""What looks odd and is innocent: each scene comes close to an attack that a rule looks for."""

from collections.abc import Iterator
from random import Random

from secure_signal.core.traffic import networks
from secure_signal.core.traffic.actions import Step
from secure_signal.core.traffic.population import User, device, handle, new_device_id
from secure_signal.core.traffic.sessions import DATASETS, Scene, Visit, file, leave, sign_in, think, work


def forgotten_password(v: Visit) -> Iterator[Step]:
    """Two to four wrong passwords, then the right one or a new one."""
    for _ in range(v.rng.randint(2, 4)):
        yield v.actor.does(think(v.rng), "auth.login", outcome="failure", reason="wrong_password")
    if v.rng.random() < 0.4:
        yield v.actor.does(60, "auth.password_change")
    yield from sign_in(v)
    yield from work(v, 5)


def mistyped_name(v: Visit) -> Iterator[Step]:
    """A name that nobody has, then the right one."""
    typo = v.actor._replace(user_id=newcomer(v.rng, v.population.size))
    yield typo.does(2, "auth.login", outcome="failure", reason="unknown_user")
    yield from sign_in(v)
    yield from work(v, 5)


def ignored_push(v: Visit) -> Iterator[Step]:
    """The phone is in the other room, or the wrong button is pressed: two or three requests go wrong."""
    yield v.actor.does(2, "auth.login")
    for _ in range(v.rng.randint(2, 3)):
        yield v.actor.does(30, "auth.mfa", outcome=v.rng.choice(("timeout", "timeout", "denied")))
    yield v.actor.does(20, "auth.mfa")
    yield v.actor.does(0.2, "session.start")
    yield from work(v, 5)


def changed_network(v: Visit) -> Iterator[Step]:
    """The train leaves the station: the same session and device, another address."""
    yield from sign_in(v)
    yield from work(v, 4)
    moved = networks.mobile(v.user.number, v.actor.connection.place)
    yield from work(v._replace(actor=v.actor._replace(connection=moved)), 5)


def updated_browser(v: Visit) -> Iterator[Step]:
    """The same session and device with another user agent."""
    yield from sign_in(v)
    newer = v.actor.device._replace(user_agent=device(v.rng, v.user.role).user_agent)
    after = v._replace(actor=v.actor._replace(device=newer))
    yield after.actor.does(40, "session.refresh")
    yield from work(after, 4)
    yield from leave(after)


def big_download(v: Visit) -> Iterator[Step]:
    """A few huge files, or a folder of twenty for the train."""
    yield from sign_in(v)
    few = v.rng.random() < 0.5
    for _ in range(3 if few else 20):
        it = file(v.rng) | ({"bytes": v.rng.randint(10**9, 10**10)} if few else {})
        yield v.actor.does(v.rng.uniform(0.5, 2), "file.download", **it)
    yield from leave(v)


def new_device(v: Visit) -> Iterator[Step]:
    """A new phone is set up; nothing is paid with it yet."""
    yield from sign_in(v, known_device=False)
    yield v.actor.does(20, "device.register", new_device_id=new_device_id(v.rng))
    yield v.actor.does(15, "auth.mfa_change")
    yield v.actor.does(10, "page.view")
    yield from leave(v)


def tidy_up(v: Visit) -> Iterator[Step]:
    """Somebody follows the advice to renew the password, and sets the address to be reached at."""
    yield from sign_in(v)
    yield v.actor.does(30, "auth.password_change")
    yield v.actor.does(30, "auth.recovery_change", channel=v.rng.choice(("email", "phone")))
    yield from work(v, 3)


def back_from_leave(v: Visit) -> Iterator[Step]:
    """Not seen for months, and much to read."""
    user = v.population.dormant(v.rng)
    actor = v.actor._replace(user_id=user.id, connection=user.home, device=user.desktop)
    back = v._replace(user=user._replace(role="member"), actor=actor)
    known, days = v.rng.random() < 0.5, v.rng.randint(60, 400)
    yield from sign_in(back, known_device=known, days_since_last_login=days)
    yield from work(back, 10)


def new_payee(v: Visit) -> Iterator[Step]:
    """Somebody new is paid from the usual device."""
    yield from sign_in(v)
    payee = f"payee-{v.rng.randrange(9000):04}"
    yield v.actor.does(20, "payee.add", payee_id=payee, bank_country=v.user.home.place.country)
    yield v.actor.does(25, "payment.payout", payee_id=payee, amount=round(v.rng.uniform(500, 9000), 2))
    yield from leave(v)


def refused_role(v: Visit) -> Iterator[Step]:
    """Somebody tries to help themselves to a role and is told no."""
    yield from sign_in(v)
    ask = {"target_user": v.user.id, "actor_role": v.user.role, "old_role": v.user.role, "new_role": "admin"}
    yield v.actor.does(10, "role.change", **ask, outcome="failure")
    yield from work(v, 4)


def quieter_audit(v: Visit) -> Iterator[Step]:
    """An admin turns an audit log on, or another kind of log off."""
    yield from sign_in(v)
    setting, value = v.rng.choice((("audit_log", "enabled"), ("debug_log", "disabled")))
    yield v.actor.does(15, "audit.config_change", setting=setting, value=value)
    yield from work(v, 4)


def nightly_export(v: Visit) -> Iterator[Step]:
    """A few tables, each whole."""
    for dataset in v.rng.sample(DATASETS, v.rng.randint(3, 6)):
        records = v.rng.randint(10**5, 10**6)
        details = {"dataset": dataset, "records": records, "bytes": records * 310}
        yield v.actor.does(8, "api.export", api_key_id=v.user.api_key_id, **details)


def broken_link(v: Visit) -> Iterator[Step]:
    """A program asks again and again for one thing that is gone."""
    path = f"/v2/orders/{v.rng.randrange(10**6)}"
    for _ in range(25):
        key = v.user.api_key_id
        yield v.actor.does(2, "api.request", api_key_id=key, path=path, status=404)


def family_accounts(v: Visit) -> Iterator[Step]:
    """Two or three people sign up on the family's computer."""
    shared = v.actor._replace(device=device(v.rng, v.user.role))
    for _ in range(v.rng.randint(2, 3)):
        user_id = newcomer(v.rng, v.population.size)
        yield shared._replace(user_id=user_id).does(v.rng.uniform(20, 90), "account.create")


def newcomer(rng: Random, size: int) -> str:
    """A user id that nobody in a population of ``size`` has."""
    return handle(rng, 2 * size + rng.randrange(20 * size))


_ANYBODY: tuple[tuple[Scene, float], ...] = (
    (forgotten_password, 3),
    (mistyped_name, 1),
    (ignored_push, 2),
    (changed_network, 2),
    (updated_browser, 1),
    (big_download, 2),
    (new_device, 2),
    (tidy_up, 1),
    (back_from_leave, 1),
    (refused_role, 0.5),
    (family_accounts, 0.5),
)
SCENES: dict[str, tuple[tuple[Scene, float], ...]] = {
    "member": _ANYBODY,
    "treasurer": (*_ANYBODY, (new_payee, 6)),
    "developer": _ANYBODY,
    "admin": (*_ANYBODY, (quieter_audit, 3)),
    "service": ((nightly_export, 1), (broken_link, 1)),
}


def scene(rng: Random, user: User) -> Scene:
    """One that can happen to this user."""
    scenes, weights = zip(*SCENES[user.role], strict=True)
    chosen: Scene = rng.choices(scenes, weights)[0]
    return chosen
