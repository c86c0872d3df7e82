"""What is not sent is said so at once; the rest is tested on a real Kafka."""

import asyncio

import pytest

from secure_signal.core.errors import RetryError
from secure_signal.services.emitter import delivery
from secure_signal.services.emitter.delivery import Deliveries, OverloadError, Record

# A port where nothing listens.
NOWHERE = "127.0.0.1:1"
RECORD = Record(b"user", b"{}")


def test_nothing_is_sent_before_kafka_was_reached() -> None:
    deliveries = Deliveries(NOWHERE, "signals")
    with pytest.raises(RetryError):
        asyncio.run(deliveries.deliver([RECORD], "http"))
    assert deliveries.in_flight == 0


def test_what_goes_beyond_the_bound_is_not_sent_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "MAX_RECORDS", 5)
    monkeypatch.setattr(delivery, "DEADLINE_SECONDS", 0.1)

    async def overload() -> list[object]:
        deliveries = Deliveries(NOWHERE, "signals")
        deliveries.trouble = ""
        first = asyncio.create_task(deliveries.deliver([RECORD] * 5, "http"))
        await asyncio.sleep(0)
        with pytest.raises(OverloadError):
            await deliveries.deliver([RECORD], "http")
        assert deliveries.in_flight == 5
        return list(await first)

    assert asyncio.run(overload()) == [None] * 5


def test_no_records_are_delivered_at_once() -> None:
    deliveries = Deliveries(NOWHERE, "signals")
    deliveries.trouble = ""
    assert asyncio.run(deliveries.deliver([], "http")) == []
