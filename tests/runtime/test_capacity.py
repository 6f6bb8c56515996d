"""Never more inside than allowed, nobody forgotten in the line, and refusals that tell the truth."""

import asyncio

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.conftest import Clock
from vox.errors import ProviderBusy, QueueTimeout
from vox.runtime.capacity import Limiter, Permit


@pytest.mark.anyio
async def test_a_place_is_taken_and_given_back() -> None:
    limiter = Limiter("p", 2)
    first, second = await limiter.enter("m"), await limiter.enter("m")
    assert limiter.snapshot().in_use == 2
    first.release()
    first.release()  # only the first counts
    assert limiter.snapshot().in_use == 1
    second.release()
    assert limiter.snapshot().in_use == 0


@pytest.mark.anyio
async def test_the_line_is_first_come_first_served() -> None:
    limiter, order = Limiter("p", 1), list[int]()
    permit = await limiter.enter("m")

    async def wait(number: int) -> None:
        mine = await limiter.enter("m")
        order.append(number)
        mine.release()

    async with anyio.create_task_group() as tasks:
        for number in range(5):
            tasks.start_soon(wait, number)
            await anyio.wait_all_tasks_blocked()
        assert limiter.snapshot().queued == 5
        permit.release()
    assert order == [0, 1, 2, 3, 4]


@pytest.mark.anyio
async def test_a_full_line_refuses_at_once_with_the_facts(clock: Clock) -> None:
    limiter = Limiter("p", 1, queue_max=1, clock=clock)
    (await limiter.enter("m")).release()
    permit = await limiter.enter("m")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.enter, "m")
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(ProviderBusy) as caught:
            await limiter.enter("m")
        details = caught.value.details
        assert {name: details[name] for name in ("provider", "modelId", "limit", "inUse", "queued")} == {
            "provider": "p",
            "modelId": "m",
            "limit": 1,
            "inUse": 1,
            "queued": 1,
        }
        permit.release()


@pytest.mark.anyio
async def test_the_hint_when_to_come_back_is_measured(clock: Clock) -> None:
    limiter = Limiter("p", 2, queue_max=0, clock=clock)
    for seconds in (4.0, 4.0, 4.0):
        permit = await limiter.enter("m")
        clock.now += seconds
        permit.release()
    held = [await limiter.enter("m") for _ in range(2)]
    with pytest.raises(ProviderBusy) as caught:
        await limiter.enter("m")
    assert caught.value.details["retryAfterMs"] == 4000
    assert limiter.snapshot().service_ms == 4000
    for permit in held:
        permit.release()


@pytest.mark.anyio
async def test_waiting_ends_in_time_and_leaves_the_line() -> None:
    limiter = Limiter("p", 1, queue_s=0.05)
    permit = await limiter.enter("m")
    with pytest.raises(QueueTimeout) as caught:
        await limiter.enter("m")
    assert caught.value.details["waitedMs"] >= 40
    assert limiter.snapshot().queued == 0
    permit.release()


@pytest.mark.anyio
async def test_a_call_may_wait_less_but_never_longer_than_the_line_allows() -> None:
    limiter = Limiter("p", 1, queue_s=0.05)
    permit = await limiter.enter("m")
    with pytest.raises(ProviderBusy):
        await limiter.enter("m", max_wait_s=0)
    with anyio.fail_after(2), pytest.raises(QueueTimeout):
        await limiter.enter("m", max_wait_s=3600)
    permit.release()


@pytest.mark.anyio
async def test_giving_up_in_line_frees_the_place_in_line() -> None:
    limiter = Limiter("p", 1)
    permit = await limiter.enter("m")
    with anyio.move_on_after(0.02):
        await limiter.enter("m")
    assert limiter.snapshot().queued == 0
    permit.release()
    assert limiter.snapshot().in_use == 0


@pytest.mark.anyio
async def test_cancelled_in_the_moment_of_being_let_in() -> None:
    limiter = Limiter("p", 1)
    permit = await limiter.enter("m")
    waiting = asyncio.ensure_future(limiter.enter("m"))
    await anyio.wait_all_tasks_blocked()
    permit.release()  # the waiting task is let in, but has not run yet
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert limiter.snapshot().in_use == 0


@pytest.mark.anyio
async def test_a_model_at_its_limit_lets_others_pass() -> None:
    limiter = Limiter("p", 2, model_limits={"slow": 1})
    slow = await limiter.enter("slow")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.enter, "slow")
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(1):
            quick = await limiter.enter("quick")
        assert limiter.snapshot().in_use == 2 and limiter.snapshot().queued == 1
        quick.release()
        slow.release()


@settings(max_examples=60, deadline=None)
@given(
    limit=st.integers(1, 3),
    model_limit=st.integers(1, 3),
    steps=st.lists(st.tuples(st.sampled_from(["enter", "leave", "cancel"]), st.integers(0, 1)), max_size=40),
)
def test_counts_hold_whatever_happens(limit: int, model_limit: int, steps: list[tuple[str, int]]) -> None:
    """Any sequence of entering, leaving and giving up keeps the limits, and ends with everybody served."""

    async def run() -> None:
        limiter = Limiter("p", limit, model_limits={"m0": model_limit}, queue_max=100)
        tasks: list[tuple[str, asyncio.Future[Permit]]] = []
        for action, number in steps:
            inside = [item for item in tasks if item[1].done() and not item[1].cancelled()]
            waiting = [item for item in tasks if not item[1].done()]
            if action == "enter":
                tasks.append((f"m{number}", asyncio.ensure_future(limiter.enter(f"m{number}"))))
            elif action == "leave" and inside:
                tasks.remove(inside[0])
                inside[0][1].result().release()
            elif action == "cancel" and waiting:
                waiting[0][1].cancel()
            for _ in range(3):
                await asyncio.sleep(0)
            tasks = [item for item in tasks if not item[1].cancelled()]
            inside = [item for item in tasks if item[1].done()]
            assert limiter.snapshot().in_use == len(inside) <= limit
            assert len([item for item in inside if item[0] == "m0"]) <= limiter.limit_of("m0")
            assert limiter.snapshot().queued == len(tasks) - len(inside)
        while tasks:
            done = [item for item in tasks if item[1].done()]
            assert done, "somebody waits although nobody is inside"
            for item in done:
                tasks.remove(item)
                item[1].result().release()
            for _ in range(3):
                await asyncio.sleep(0)
        assert limiter.snapshot().in_use == limiter.snapshot().queued == 0

    asyncio.run(run())
