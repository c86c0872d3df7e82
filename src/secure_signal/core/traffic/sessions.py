"""Ordinary work: somebody signs in, does a few things and leaves."""

from collections.abc import Callable, Iterator
from random import Random
from typing import NamedTuple

from secure_signal.core.traffic import networks
from secure_signal.core.traffic.actions import Actor, Step
from secure_signal.core.traffic.population import Population, User, api_key_id

_PATHS = ("/home", "/orders", "/invoices", "/reports", "/team", "/settings", "/help")
# What can be exported, each by its own name.
DATASETS = (
    *("orders", "customers", "invoices", "payments", "refunds", "products", "prices", "stock"),
    *("suppliers", "shipments", "returns", "addresses", "contacts", "contracts", "subscriptions", "coupons"),
    *("reviews", "tickets", "sessions", "users", "roles", "devices", "payees", "accounts"),
)
_FOLDERS = ("contracts", "invoices", "designs", "payroll", "plans", "minutes")


class Visit(NamedTuple):
    """One person's one session: what a scene needs to know."""

    rng: Random
    population: Population
    user: User
    actor: Actor


Scene = Callable[[Visit], Iterator[Step]]


def visit(rng: Random, population: Population, user: User, instant: int) -> Visit:
    """A person begins to work from where they are now, at the desk or with the phone."""
    connection = population.whereabouts(user, instant) or user.home
    device = user.desktop
    if user.role != "service" and rng.random() < 0.15:
        device, connection = user.phone, networks.mobile(user.number, connection.place)
    elif connection == user.home and user.office and user.number % 10 == 0 and rng.random() < 0.5:
        connection = networks.company_vpn(user.number)
    return Visit(rng, population, user, Actor(user.id, device, connection, session_id(rng)))


def session_id(rng: Random) -> str:
    """The mark of one session, as the application gives it out."""
    return f"s-{rng.getrandbits(64):016x}"


def think(rng: Random) -> float:
    """Seconds between two things that a person does."""
    return 0.5 + rng.expovariate(1 / 6)


def ordinary(v: Visit) -> Iterator[Step]:
    """An ordinary session of somebody in this role."""
    if v.user.role == "service":
        yield from calls(v)
        return
    yield from sign_in(v)
    yield from work(v, v.rng.randint(4, 16))
    yield from leave(v)


def sign_in(v: Visit, **details: object) -> Iterator[Step]:
    """The password, sometimes at the second try, and the second factor of those who have one."""
    if v.rng.random() < 0.03:
        yield v.actor.does(2, "auth.login", outcome="failure", reason="wrong_password")
    yield v.actor.does(v.rng.uniform(2, 6), "auth.login", **details)
    if v.user.has_mfa:
        if v.rng.random() < 0.03:
            yield v.actor.does(30, "auth.mfa", outcome="timeout")
        yield v.actor.does(v.rng.uniform(3, 9), "auth.mfa")
    yield v.actor.does(0.2, "session.start")


def work(v: Visit, count: int) -> Iterator[Step]:
    """So many things that people in this role do."""
    habits, weights = _HABITS[v.user.role]
    for habit in v.rng.choices(habits, weights, k=count):
        yield habit(v)


def leave(v: Visit) -> Iterator[Step]:
    """Most people sign out; others close the lid."""
    if v.rng.random() < 0.7:
        yield v.actor.does(think(v.rng), "auth.logout")


def calls(v: Visit) -> Iterator[Step]:
    """A program calls the API, and now and then exports what changed."""
    key = v.user.api_key_id
    for _ in range(v.rng.randint(6, 20)):
        if v.rng.random() < 0.08:
            yield v.actor.does(1, "api.export", api_key_id=key, **export(v.rng, v.rng.choice(DATASETS)))
        else:
            yield _call(v, key)


def _view(v: Visit) -> Step:
    return v.actor.does(think(v.rng), "page.view", path=v.rng.choice(_PATHS))


def _search(v: Visit) -> Step:
    return v.actor.does(think(v.rng), "search.query", results=v.rng.randint(0, 200))


def _refresh(v: Visit) -> Step:
    return v.actor.does(think(v.rng), "session.refresh")


def _read(v: Visit) -> Step:
    return v.actor.does(think(v.rng), "file.read", **file(v.rng))


def _download(v: Visit) -> Step:
    return v.actor.does(think(v.rng), "file.download", **file(v.rng))


def _pay(v: Visit) -> Step:
    payee, amount = f"payee-{v.rng.randrange(9000):04}", round(v.rng.lognormvariate(6, 1), 2)
    return v.actor.does(think(v.rng), "payment.payout", payee_id=payee, amount=amount)


def _add_payee(v: Visit) -> Step:
    payee, country = f"payee-{v.rng.randrange(9000):04}", v.user.home.place.country
    return v.actor.does(think(v.rng), "payee.add", payee_id=payee, bank_country=country)


def _call(v: Visit, key: str = "") -> Step:
    status = v.rng.choices((200, 404, 403), (97, 2, 1))[0]
    path = f"/v2/orders/{v.rng.randrange(10**6)}"
    return v.actor.does(
        v.rng.uniform(1, 5), "api.request", api_key_id=key or v.user.api_key_id, path=path, status=status
    )


def _create_key(v: Visit) -> Step:
    return v.actor.does(think(v.rng), "apikey.create", **new_key(v.rng))


def _change_role(v: Visit) -> Step:
    target = v.population.user(v.rng.randrange(v.population.size)).id
    new = v.rng.choices(("viewer", "member", "treasurer", "admin"), (4, 4, 2, 1))[0]
    return v.actor.does(think(v.rng), "role.change", target_user=target, new_role=new)


def _configure(v: Visit) -> Step:
    days = v.rng.choice(("90", "365", "730"))
    return v.actor.does(think(v.rng), "audit.config_change", value=days)


def export(rng: Random, dataset: str) -> dict[str, object]:
    """A part of a data set, and its size in bytes."""
    records = rng.randint(100, 5000)
    return {"dataset": dataset, "records": records, "bytes": records * 310}


def new_key(rng: Random) -> dict[str, object]:
    """An API key, and what it is good for."""
    return {"api_key_id": api_key_id(rng), "scope": rng.choice(("read", "write", "admin"))}


def file(rng: Random) -> dict[str, object]:
    """One of the files that everybody works with, and its size in bytes."""
    number = rng.randrange(100_000)
    path = f"/{_FOLDERS[number % len(_FOLDERS)]}/{number:05}.pdf"
    return {"file_id": f"file-{number:05}", "path": path, "bytes": int(rng.lognormvariate(12, 1.5))}


Habit = Callable[[Visit], Step]
_HABITS: dict[str, tuple[tuple[Habit, ...], tuple[float, ...]]] = {
    "member": ((_view, _read, _search, _download, _refresh), (4, 4, 2, 1, 0.5)),
    "treasurer": ((_view, _pay, _read, _add_payee, _refresh), (4, 2, 2, 0.3, 0.5)),
    "developer": ((_view, _call, _read, _create_key, _refresh), (2, 5, 2, 0.1, 0.5)),
    "admin": ((_view, _change_role, _read, _configure, _refresh), (4, 1, 2, 0.2, 0.5)),
}
