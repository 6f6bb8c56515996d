"""For how long nothing is to be heard."""

import asyncio

from tests import clock as leaping
from tests.runtime.conftest import Clock
from vox.runtime.deafness import MOST_S, TAIL_S, Deafness


def test_it_lasts_as_long_as_is_asked_and_ends_with_a_tail(clock: Clock) -> None:
    async def main() -> None:
        deafness = Deafness(clock)
        assert not deafness.lasts
        deafness.deafen("one", 2.0)
        clock.now += 1.9
        assert deafness.lasts
        deafness.deafen("one", 2.0)
        clock.now += 1.9
        deafness.deafen("one", 0)
        assert deafness.lasts, "its last sound is still in the room"
        clock.now += TAIL_S
        assert not deafness.lasts

    leaping.run(main())


def test_who_has_crashed_is_forgotten(clock: Clock) -> None:
    async def main() -> None:
        deafness = Deafness(clock)
        deafness.deafen("one", 1e9)
        clock.now += MOST_S
        assert not deafness.lasts
        deafness.deafen("one", 0)
        assert not deafness.lasts, "nothing sounds that could echo"

    leaping.run(main())


def test_the_last_of_several_ends_it(clock: Clock) -> None:
    async def main() -> None:
        deafness = Deafness(clock)
        deafness.deafen("one", 2.0)
        deafness.deafen("two", 4.0)
        deafness.deafen("two", 0)
        deafness.deafen("nobody", 0)
        clock.now += 1.9
        assert deafness.lasts
        clock.now += 0.1
        assert not deafness.lasts

    leaping.run(main())


def test_its_end_is_told_also_when_nobody_says_so() -> None:
    async def main() -> list[tuple[float, bool]]:
        time = asyncio.get_running_loop().time
        deafness, told, start = Deafness(time), list[tuple[float, bool]](), time()
        deafness.watch(lambda: told.append((round(time() - start, 1), deafness.lasts)))
        deafness.deafen("one", 2.0)
        await asyncio.sleep(1)
        deafness.deafen("one", 2.0)
        await asyncio.sleep(100)
        return told

    assert leaping.run(main()) == [(0.0, True), (1.0, True), (3.0, False)]
