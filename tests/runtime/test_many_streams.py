"""Many streams at once, left at any moment by any way out: nothing is left of them, and nobody's parts are lost."""

import asyncio
import json
import random
from contextlib import aclosing

import anyio
import pytest

from tests.runtime.conftest import CALLER, Setup, running, until
from tests.runtime.test_streams import DONE, audio, speaker, to_say
from vox.paths import Home
from vox.types import AudioChunk, Speech

pytestmark = pytest.mark.anyio

STREAMS = 150


async def read_whole(setup: Setup, count: int) -> None:
    request = to_say({"repeat": count, **audio("$n")}, DONE)
    items = [item async for item in setup.runtime.synthesize_stream(request, CALLER)]
    assert items[:-1] == [AudioChunk(b"ab", 24_000)] * count and isinstance(items[-1], Speech)


async def leave_after(setup: Setup, count: int, read: int) -> None:
    request = to_say({"repeat": count, **audio("$n")}, DONE)
    async with aclosing(setup.runtime.synthesize_stream(request, CALLER)) as stream:
        for _ in range(read):
            await anext(stream, None)


async def be_cancelled(setup: Setup, count: int, after_s: float) -> None:
    with anyio.move_on_after(after_s):
        await read_whole(setup, count)


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_is_left_of_many_streams(home: Home, seed: int) -> None:
    chance = random.Random(seed)
    async with running(home, speaker(maxConcurrency=4, queue={"max": STREAMS, "timeoutMs": 60_000})) as setup:
        await read_whole(setup, 1)
        tasks_before = len(asyncio.all_tasks())
        async with anyio.create_task_group() as tasks:
            for _ in range(STREAMS):
                count = chance.randint(1, 30)
                way = chance.choice([read_whole, leave_after, be_cancelled])
                rest = {read_whole: (), leave_after: (chance.randint(0, 5),), be_cancelled: (chance.random() / 5,)}[way]
                tasks.start_soon(way, setup, count, *rest)
        provider = setup.registry.providers[0]
        await until(lambda: provider.limiter.snapshot().in_use == 0)
        await until(lambda: len(asyncio.all_tasks()) <= tasks_before)
        assert provider.supervisor.generation == 1
        outcomes = [json.dumps(row.get("code")) for row in setup.rows()]
        assert set(outcomes) <= {"null", '"cancelled"'} and len(outcomes) <= STREAMS + 1
