"""GET /v1/rules: which rules the detectors have in force, and what is wrong with those that they refused."""

import asyncio
import time
from datetime import datetime

import msgspec
from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from secure_signal.adapters.rule_status import Failure, Status, Statuses
from secure_signal.core import instant
from secure_signal.core.detection.rules.rule_list import RuleHead
from secure_signal.core.errors import RetryError
from secure_signal.services.dashboard import openapi

_FRESH_SECONDS = 1.0
# A detector gives a sign every ten seconds, by its own clock.
_SILENT_MICROSECONDS = 30 * instant.SECOND
_FORGOTTEN_MICROSECONDS = 3_600 * instant.SECOND

router = APIRouter(prefix="/v1")


class RuleProblem(msgspec.Struct):
    """What is wrong in a rule file; ``line`` is null where it is the whole file, or a folder."""

    file: str
    line: int | None
    text: str


class Refusal(msgspec.Struct):
    """Why changed rule files are not in force: the first of ``count`` problems."""

    time: datetime
    count: int
    problems: list[RuleProblem]


class DetectorRules(msgspec.Struct):
    """The rule set that one detector has in force since ``loaded_at``: its hash, and how many rules it has.

    ``refusal`` is there while the files hold something else that is wrong. ``seen_at`` is its last sign;
    ``silent``: that is more than 30 seconds ago, so that it has died or does not reach Kafka.
    """

    instance: str
    ruleset: str
    rules: int
    loaded_at: datetime
    seen_at: datetime
    silent: bool
    refusal: Refusal | None


class Rules(msgspec.Struct):
    """Each detector that has given a sign within the last hour, and did not end in good order since.

    All that are not silent should have the same rule set.
    """

    detectors: list[DetectorRules]


class RulesOfSet(msgspec.Struct):
    """The rules of the set with this hash; one that ``speaks`` not is a part of correlations only."""

    ruleset: str
    rules: list[RuleHead]


class Board:
    """What detectors said, read when somebody asks and it is not fresh; RetryError where Kafka is out."""

    def __init__(self, statuses: Statuses) -> None:
        self._statuses = statuses
        self._found: list[Status] = []
        self._read_at = -_FRESH_SECONDS
        self._reading = asyncio.Lock()

    async def fresh(self) -> tuple[Statuses, list[Status]]:
        """What all detectors said lately."""
        async with self._reading:
            if time.monotonic() - self._read_at >= _FRESH_SECONDS:
                self._found = await asyncio.to_thread(self._statuses.read)
                self._read_at = time.monotonic()
            return self._statuses, self._found


@router.get("/rules", responses=openapi.answers(Rules))
async def rules(request: Request) -> Response:
    """The rules in force, by detector; and why changed rule files are not."""
    _, found = await _read(request)
    now = time.time_ns() // 1000
    return _json(Rules([_shown(each, now) for each in found if each.seen >= now - _FORGOTTEN_MICROSECONDS]))


@router.get("/rules/{ruleset}", responses=openapi.answers(RulesOfSet, 404))
async def rules_of_set(request: Request, ruleset: str) -> Response:
    """The rules of a set by its hash, as `/v1/rules` and each anomaly tell it: of the last twenty sets."""
    statuses, _ = await _read(request)
    found = statuses.rules(ruleset)
    if found is None:
        raise HTTPException(404, f"No rule set {ruleset[:64]} is known.")
    return _json(RulesOfSet(found.ruleset, found.rules))


async def _read(request: Request) -> tuple[Statuses, list[Status]]:
    board: Board = request.app.state.rules
    try:
        return await board.fresh()
    except RetryError:
        raise HTTPException(503, "Kafka cannot answer now. Ask again.", {"Retry-After": "2"}) from None


def _shown(status: Status, now: int) -> DetectorRules:
    return DetectorRules(
        instance=status.instance,
        ruleset=status.ruleset,
        rules=status.rules,
        loaded_at=instant.to_datetime(status.loaded),
        seen_at=instant.to_datetime(status.seen),
        silent=status.seen < now - _SILENT_MICROSECONDS,
        refusal=_refusal(status.failure) if status.failure else None,
    )


def _refusal(failure: Failure) -> Refusal:
    problems = [RuleProblem(problem.file, problem.line, problem.what) for problem in failure.problems]
    return Refusal(instant.to_datetime(failure.time), failure.count, problems)


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
