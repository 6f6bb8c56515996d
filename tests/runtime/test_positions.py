"""Those who wait and ask for it are told how far they are: when that has changed, and no more often than one reads."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from vox.runtime.capacity import Limiter, Room
from vox.runtime.fairness import FairLine
from vox.runtime.line import Ticket
from vox.runtime.positions import EVERY_S, Positions, Waiting

pytestmark = pytest.mark.anyio


class Loop:
    """A clock with one timer, in place of the event loop's."""

    def __init__(self) -> None:
        self.now = 50.0
        self.due: tuple[float, Callable[[], None]] | None = None

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, action: Callable[[], None]) -> "Loop":
        assert self.due is None
        self.due = when, action
        return self

    def cancel(self) -> None:
        self.due = None

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while self.due is not None and self.due[0] <= until:
            self.now, action = self.due
            self.due = None
            action()
        self.now = until


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def ticket(client: str = "") -> Ticket:
    return Ticket("m", client, 1.0, "interactive", 0.0, cast("Any", None))


def describe(_: Ticket, position: int) -> Waiting:
    return Waiting(position, 9, 1, 1, 100 * position)


def test_the_place_is_told_when_it_has_changed_and_at_most_four_times_a_second(loop: Loop) -> None:
    line = FairLine(lambda: 0.0)
    positions, told = Positions(line, describe), list[tuple[float, int]]()
    others, mine = [ticket() for _ in range(40)], ticket()
    for one in (*others, mine):
        line.push(one)
    positions.watch(mine, lambda waiting: told.append((loop.now - 50.0, waiting.position)))
    loop.pass_time(0)
    assert told == [(0.0, 41)]
    for one in others[:20]:
        loop.pass_time(EVERY_S / 4)
        line.remove(one)
    loop.pass_time(10)
    assert [position for _, position in told] == [41, 38, 34, 30, 26, 22, 21]
    positions.forget(mine, let_in=True)
    assert loop.due is None and told[-1][1] == 0
    times = [when for when, _ in told]
    assert all(sum(begin <= when < begin + 1 for when in times) <= 4 for begin in times)


def test_a_newcomer_is_told_soon_but_the_line_is_not_walked_for_each(loop: Loop) -> None:
    line, walks = FairLine(lambda: 0.0), 0

    class Counted(FairLine):
        def __iter__(self) -> Any:
            nonlocal walks
            walks += 1
            return super().__iter__()

    line = Counted(lambda: 0.0)
    positions, told = Positions(line, describe), list[int]()
    waiting = [ticket(f"c{number}") for number in range(30)]
    for one in waiting:
        line.push(one)
        positions.watch(one, lambda place: told.append(place.position))
        loop.pass_time(0.001)
    loop.pass_time(EVERY_S)
    assert sorted(told) == list(range(1, 31))
    assert walks <= 3
    for one in waiting[:-1]:
        positions.forget(one, let_in=False)
    assert loop.due is not None
    positions.forget(waiting[-1], let_in=True)
    assert loop.due is None


async def test_a_waiting_call_is_told_its_place_and_how_long_it_may_take() -> None:
    limiter = Limiter("p", [Room()], 1)
    limiter.served("m", 2.0)
    permit, told = await limiter.enter("m"), list[Waiting]()
    first = asyncio.ensure_future(limiter.enter("m"))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(limiter.enter("m", on_wait=told.append))
    async with asyncio.timeout(5):
        while not told:
            await asyncio.sleep(0)
    assert told == [Waiting(position=2, queued=2, limit=1, in_use=1, retry_after_ms=4000)]
    permit.release()
    (await first).release()
    (await second).release()
    assert [waiting.position for waiting in told] == [2, 0] and told[-1].retry_after_ms == 0


async def test_nothing_is_told_to_one_that_need_not_wait() -> None:
    told = list[Waiting]()
    permit = await Limiter("p", [Room()], 1).enter("m", on_wait=told.append)
    permit.release()
    await asyncio.sleep(0)
    assert not told
