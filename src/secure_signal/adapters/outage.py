"""Waiting for what is out of order elsewhere."""

import asyncio
from collections.abc import Callable

import structlog

from secure_signal.core.errors import RetryError

_RETRY_SECONDS = 1.0

_log = structlog.get_logger()


async def outlast(step: Callable[[], object]) -> None:
    """Do a step, which blocks, in a thread until it succeeds, however long the outage is."""
    while True:
        try:
            await asyncio.to_thread(step)
            return
        except RetryError as error:
            _log.warning("trying again", reason=str(error), seconds=_RETRY_SECONDS)
            await asyncio.sleep(_RETRY_SECONDS)
