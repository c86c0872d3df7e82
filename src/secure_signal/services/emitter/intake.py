"""POST /v1/signals: from a call's body to the broker's receipts."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from secure_signal.adapters import problem
from secure_signal.adapters.authorization import authorize
from secure_signal.core import identity
from secure_signal.core.errors import RefusedError, RetryError
from secure_signal.core.scope import Scope
from secure_signal.services.emitter import answer, body, metrics
from secure_signal.services.emitter.answer import Accepted, Refused, Unacknowledged
from secure_signal.services.emitter.body import Backlog
from secure_signal.services.emitter.delivery import Deliveries, OverloadError, Record
from secure_signal.services.emitter.envelope import Envelope, media_type, unpack

_authorize = authorize(Scope.WRITE)

# Other calls get their turn after so many bytes; to judge an item costs some whatever its size.
_TURN_BYTES = 256 * 1024
_ITEM_BYTES = 512


@dataclass(frozen=True)
class _Admitted:
    """A valid signal at its place in the call."""

    index: int
    id: str
    record: Record


class Intake:
    """The endpoint. ``now`` tells microseconds since the epoch, for the ids of signals without one."""

    def __init__(self, deliveries: Deliveries, backlog: Backlog, now: Callable[[], int]) -> None:
        self._deliveries = deliveries
        self._backlog = backlog
        self._now = now

    async def post(self, request: Request) -> Response:
        """Answer 202 when the broker has every valid signal; HTTPException for the whole of a call."""
        await _authorize(request)
        media_type(request.headers)
        with self._backlog.share() as share:
            try:
                content = await body.read(request, share)
            except ClientDisconnect:
                return Response(status_code=400)
            admitted, refused = await self._judge(unpack(request.headers, content))
            if not admitted:
                return answer.none_valid(refused)
            return await self._deliver(admitted, refused)

    async def _judge(self, envelope: Envelope) -> tuple[list[_Admitted], list[Refused]]:
        admitted: list[_Admitted] = []
        refused: list[Refused] = []
        turn = 0
        for index, item in enumerate(envelope.items):
            turn += len(item) + _ITEM_BYTES
            if turn > _TURN_BYTES:
                turn = 0
                await asyncio.sleep(0)
            try:
                signal, value = envelope.judge(item)
            except RefusedError as error:
                metrics.refused(error.field)
                refused.append(Refused(index, error.field, error.reason))
                continue
            signal_id = signal.id or identity.uuid7(self._now(), secrets.randbits(74))
            if not signal.id:
                value = _with_id(value, signal_id)
            admitted.append(_Admitted(index, signal_id, Record(signal.user_id.encode(), value)))
        return admitted, refused

    async def _deliver(self, admitted: list[_Admitted], refused: list[Refused]) -> Response:
        records = [signal.record for signal in admitted]
        detail = "Kafka did not acknowledge every signal in time."
        try:
            receipts = await self._deliveries.deliver(records, "http")
        except OverloadError as error:
            return problem.response(429, str(error), {"Retry-After": "1"})
        except RetryError as error:
            receipts, detail = [None] * len(records), str(error)
        told = list(zip(admitted, receipts, strict=True))
        accepted = [Accepted(signal.index, signal.id, *receipt) for signal, receipt in told if receipt]
        lost = [Unacknowledged(signal.index, signal.id) for signal, receipt in told if not receipt]
        if lost:
            return answer.unacknowledged(detail, accepted, refused, lost)
        return answer.accepted(accepted, refused)


def _with_id(value: bytes, signal_id: str) -> bytes:
    """The same object with the id as its last member: of equal names the last counts."""
    return b'%b,"id":"%b"}' % (value[:-1], signal_id.encode())
