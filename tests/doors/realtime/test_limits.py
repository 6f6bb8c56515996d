"""How long a session may last, on a clock that leaps."""

import asyncio

from tests.clock import run
from vox.doors.realtime.limits import Life


def test_the_hour_ends_it_and_a_minute_before_it_warns() -> None:
    async def main() -> tuple[list[float], str, float]:
        loop, warned = asyncio.get_running_loop(), []
        started = loop.time()
        life = Life(3600, None, lambda: warned.append(loop.time() - started))
        return warned, await life.end(), loop.time() - started

    assert run(main()) == ([3540.0], "call", 3600.0)


def test_a_short_one_warns_in_its_last_tenth() -> None:
    async def main() -> list[float]:
        loop, warned = asyncio.get_running_loop(), []
        started = loop.time()
        await Life(10, None, lambda: warned.append(loop.time() - started)).end()
        return warned

    assert run(main()) == [9.0]


def test_silence_ends_it_and_whatever_happens_puts_that_off() -> None:
    async def main() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        started = loop.time()
        life = Life(3600, 100, lambda: None)
        for moment in (50, 140, 230):
            loop.call_later(moment, life.happens)
        return await life.end(), loop.time() - started

    assert run(main()) == ("idle", 330.0)
