"""Reading up to a bound, and writing as fast as the other side reads."""

import asyncio
import os
from collections.abc import Iterator

import pytest

from vox.host.cluster.pipes import Sink, Source

pytestmark = pytest.mark.anyio


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Descriptors to read from and to write to; a test closes those it gives away."""
    yield os.pipe()


async def all_of(source: Source, changed: asyncio.Event, size: int) -> bytes:
    taken = b""
    async with asyncio.timeout(5):
        while len(taken) < size:
            changed.clear()
            taken += source.take()
            if len(taken) < size:
                await changed.wait()
    return taken


async def test_what_is_written_is_taken_in_order_and_the_end_is_seen(pipe: tuple[int, int]) -> None:
    changed = asyncio.Event()
    source = Source(pipe[0], changed, 1 << 20)
    os.write(pipe[1], b"one")
    assert await all_of(source, changed, 3) == b"one"
    assert (source.take(), source.ended) == (b"", False)
    os.write(pipe[1], b"two")
    os.close(pipe[1])
    async with asyncio.timeout(5):
        while not source.ended:
            changed.clear()
            await changed.wait()
    assert source.waiting and source.take() == b"two"


async def test_past_its_bound_a_source_makes_the_writer_wait(pipe: tuple[int, int]) -> None:
    changed, data = asyncio.Event(), os.urandom(3 << 20)
    source, sink = Source(pipe[0], changed, 1 << 20), Sink(pipe[1])
    writing = asyncio.ensure_future(sink.write(data))
    while len(source._kept) < 1 << 20:
        await asyncio.sleep(0)
    for _ in range(100):  # turns of the loop in which a careless reader would go on
        await asyncio.sleep(0)
    assert len(source._kept) < 2 << 20 and not writing.done()
    assert await all_of(source, changed, len(data)) == data
    assert await writing
    sink.close()
    source.finish()


async def test_what_is_left_in_a_pipe_is_taken_although_somebody_holds_it_open(pipe: tuple[int, int]) -> None:
    source = Source(pipe[0], asyncio.Event(), 10)
    os.write(pipe[1], b"last words, longer than the bound")
    source.finish()
    assert (source.take(), source.ended) == (b"last words, longer than the bound", True)
    os.close(pipe[1])


async def test_writers_take_turns(pipe: tuple[int, int]) -> None:
    changed, size = asyncio.Event(), 1 << 20
    source, sink = Source(pipe[0], changed, 4 * size), Sink(pipe[1])
    writing = [asyncio.ensure_future(sink.write(letter * size)) for letter in (b"a", b"b")]
    assert await all_of(source, changed, 2 * size) == b"a" * size + b"b" * size
    assert await asyncio.gather(*writing) == [True, True]
    sink.close()
    source.finish()


async def test_a_writer_learns_that_nobody_reads(pipe: tuple[int, int]) -> None:
    sink = Sink(pipe[1])
    os.close(pipe[0])
    assert not await sink.write(b"x")
    assert sink.closed and not await sink.write(b"y")
    sink.close()


async def test_a_writer_that_waits_is_let_go_when_the_reader_leaves(pipe: tuple[int, int]) -> None:
    sink = Sink(pipe[1])
    writing = asyncio.ensure_future(sink.write(bytes(1 << 20)))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not writing.done()
    os.close(pipe[0])
    async with asyncio.timeout(5):
        assert not await writing
