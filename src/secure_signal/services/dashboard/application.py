"""The HTTP application of dashboard."""

import asyncio
from importlib.metadata import version

from fastapi import Depends, FastAPI

from secure_signal.adapters import api_docs, probes
from secure_signal.adapters.api_keys import Keyring
from secure_signal.adapters.read_pool import ReadPool
from secure_signal.services.dashboard import api, openapi, page, problems, rules, session, stats, stream
from secure_signal.services.dashboard.feed import Feed
from secure_signal.services.dashboard.rules import Board


def create(
    archive: ReadPool,
    live: ReadPool,
    feed: Feed,
    board: Board,
    keyring: Keyring | None,
    ready: probes.Readiness,
) -> FastAPI:
    """The application; a keyring of None means that calls need no key.

    ``archive`` answers callers; ``live`` is for sessions, which must not wait for their questions.
    """
    app = FastAPI(
        title="Secure Signal: dashboard", version=version("secure-signal"), docs_url=None, redoc_url=None
    )
    app.state.archive = archive
    app.state.live = live
    app.state.feed = feed
    app.state.rules = board
    app.state.keyring = keyring
    app.state.seats = asyncio.Semaphore(stream.MAX_CLIENTS)
    for router in (api.router, rules.router, stream.router):
        app.include_router(router, dependencies=[Depends(session.reader)])
    app.include_router(session.router)
    app.router.routes.extend([*api_docs.routes(), *probes.routes(ready)])
    openapi.describe(
        app, [api.Signals, api.Anomalies, api.Explained, stats.Stats, rules.Rules, rules.RulesOfSet]
    )
    app.mount("/", page.static())
    problems.install(app)
    return app
