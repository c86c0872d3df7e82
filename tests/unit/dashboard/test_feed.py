"""A feed holds no more than its size, and a reader knows what it missed."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from secure_signal.services.dashboard.feed import Event, Feed

SIZE = 5


@given(st.lists(st.one_of(st.integers(1, 7), st.none()), max_size=30))
def test_a_reader_gets_each_event_once_or_knows_that_it_missed_some(steps: list[int | None]) -> None:
    """A number: so many events are told. None: the reader reads."""

    async def read() -> None:
        feed, read_up_to, number = Feed(events=SIZE), 0, 0
        for step in steps:
            if step is not None:
                await feed.tell([Event("e", str(number + n)) for n in range(step)])
                number += step
                continue
            events = feed.after(read_up_to)
            if number - read_up_to > SIZE:
                assert events is None
            else:
                assert events is not None
                assert [event.data for event in events] == [str(n) for n in range(read_up_to, number)]
            read_up_to = feed.told

    asyncio.run(read())


def test_large_events_are_forgotten_sooner() -> None:
    async def tell() -> None:
        feed = Feed(events=SIZE, characters=100)
        await feed.tell([Event("e", "x" * 40) for _ in range(3)])
        assert feed.after(0) is None
        assert len(feed.after(1) or []) == 2
        await feed.tell([Event("e", "x" * 101)])
        assert feed.after(3) is None
        await feed.tell([Event("e", "small")])
        assert [event.data for event in feed.after(4) or []] == ["small"]

    asyncio.run(tell())


def test_closing_lets_a_waiting_reader_go() -> None:
    async def close() -> None:
        feed = Feed()
        waiting = asyncio.create_task(feed.news(feed.told))
        await asyncio.sleep(0)
        await feed.close()
        await asyncio.wait_for(waiting, 5)

    asyncio.run(close())
