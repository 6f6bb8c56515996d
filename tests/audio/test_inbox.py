"""The store between a device's thread and whoever listens: bounded, in order, nothing lost unseen."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vox.audio.inbox import Inbox, Piece


@given(
    steps=st.lists(st.one_of(st.integers(1, 50), st.none()), max_size=60),
    limit=st.integers(1, 120),
)
def test_what_is_taken_and_what_is_counted_as_lost_is_all_there_was(steps, limit):
    inbox, clock, position, held = Inbox(limit), 0, 0, 0
    for step in [*steps, *[None] * len(steps)]:
        if step is not None:
            inbox.put(Piece(clock.to_bytes(4, "big"), step))
            clock += step
            held += step
        elif (piece := inbox.take()) is not None:
            position += piece.lost
            assert int.from_bytes(piece.content, "big") == position
            position += piece.frames
    assert inbox.take() is None
    assert position == clock


def test_nobody_reading_costs_no_more_than_the_limit():
    inbox = Inbox(1000)
    for _ in range(10_000):
        inbox.put(Piece(b"", 100, lost=1))
    pieces = []
    while (piece := inbox.take()) is not None:
        pieces.append(piece)
    assert len(pieces) == 10
    assert pieces[0].lost == 9990 * 101 + 1


def test_what_one_piece_alone_exceeds_is_kept():
    inbox = Inbox(10)
    inbox.put(Piece(b"first", 100))
    inbox.put(Piece(b"second", 100))
    assert inbox.take() == Piece(b"second", 100, lost=100)


@pytest.mark.anyio
@pytest.mark.parametrize("act", [lambda inbox: inbox.put(Piece(b"", 1)), lambda inbox: inbox.end()])
async def test_a_waiting_task_is_woken_by_another_thread(act):
    inbox = Inbox(10)
    waiting = asyncio.create_task(inbox.wait(30))
    await asyncio.sleep(0)
    threading.Thread(target=act, args=(inbox,)).start()
    assert await asyncio.wait_for(waiting, 5)


@pytest.mark.anyio
async def test_waiting_ends_with_its_time():
    inbox = Inbox(10)
    assert not await inbox.wait(0.01)
    assert inbox.idle_s >= 0.01
    inbox.end()
    assert await inbox.wait(30)


def test_a_loop_that_was_closed_does_not_disturb_the_device():
    inbox = Inbox(10)

    async def give_up():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await inbox.wait(30)

    asyncio.run(give_up())
    inbox.put(Piece(b"", 1))
    assert inbox.take() == Piece(b"", 1)


def test_the_first_piece_is_waited_for():
    inbox = Inbox(10)
    assert not inbox.wait_first(0.01)
    threading.Timer(0.01, inbox.put, [Piece(b"", 1)]).start()
    assert inbox.wait_first(10)
    ended = Inbox(10)
    ended.end()
    assert not ended.wait_first(10)
