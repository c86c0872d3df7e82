"""One call of any size does not hold up the others."""

import asyncio

import pytest

from secure_signal.services.emitter.body import Backlog
from secure_signal.services.emitter.delivery import Deliveries
from secure_signal.services.emitter.envelope import Envelope, as_sent
from secure_signal.services.emitter.intake import Intake


@pytest.mark.parametrize("items", [[b"{}"] * 5_000, [b"[%b]" % (b"1," * 300_000)] * 10])
def test_others_have_their_turn_while_a_large_call_is_judged(items: list[bytes]) -> None:
    async def turns() -> int:
        # A port where nothing listens: nothing is sent.
        intake = Intake(Deliveries("127.0.0.1:1", "signals"), Backlog(0), lambda: 0)
        judging = asyncio.create_task(intake._judge(Envelope(items, as_sent)))
        count = 0
        while not judging.done():
            await asyncio.sleep(0)
            count += 1
        assert len((await judging)[1]) == len(items)
        return count

    assert asyncio.run(turns()) > 5
