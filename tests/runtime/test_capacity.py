"""Never more inside than allowed, nobody forgotten in the line, and refusals that tell the truth."""

import asyncio
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.runtime.conftest import Clock
from vox.errors import ProviderBusy, QueueTimeout
from vox.runtime.capacity import Limiter, Permit, Room
from vox.types import Priority


def limiter_of(limit: int, *, rooms: int = 1, **options: Any) -> Limiter[Room]:
    return Limiter("p", [Room(number) for number in range(rooms)], limit, **options)


@pytest.mark.anyio
async def test_a_place_is_taken_and_given_back() -> None:
    limiter = limiter_of(2)
    first, second = await limiter.enter("m"), await limiter.enter("m")
    assert limiter.snapshot().in_use == 2
    first.release()
    first.release()  # only the first counts
    assert limiter.snapshot().in_use == 1
    second.release()
    assert limiter.snapshot().in_use == 0


@pytest.mark.anyio
async def test_the_line_is_first_come_first_served() -> None:
    limiter, order = limiter_of(1), list[int]()
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
    limiter = limiter_of(1, queue_max=1, clock=clock)
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
    limiter = limiter_of(2, queue_max=0, clock=clock)
    for seconds in (4.0, 4.0, 4.0):
        limiter.served("m", seconds)
    held = [await limiter.enter("m") for _ in range(2)]
    with pytest.raises(ProviderBusy) as caught:
        await limiter.enter("m")
    assert caught.value.details["retryAfterMs"] == 2000  # two work on it at once
    assert limiter.snapshot().service_ms == 4000
    for permit in held:
        permit.release()


@pytest.mark.anyio
async def test_waiting_ends_in_time_and_leaves_the_line() -> None:
    limiter = limiter_of(1, queue_s=0.05)
    permit = await limiter.enter("m")
    with pytest.raises(QueueTimeout) as caught:
        await limiter.enter("m")
    assert caught.value.details["waitedMs"] >= 40
    assert limiter.snapshot().queued == 0
    permit.release()


@pytest.mark.anyio
async def test_a_call_may_wait_less_but_never_longer_than_the_line_allows() -> None:
    limiter = limiter_of(1, queue_s=0.05)
    permit = await limiter.enter("m")
    with pytest.raises(ProviderBusy):
        await limiter.enter("m", max_wait_s=0)
    with anyio.fail_after(2), pytest.raises(QueueTimeout):
        await limiter.enter("m", max_wait_s=3600)
    permit.release()


@pytest.mark.anyio
async def test_giving_up_in_line_frees_the_place_in_line() -> None:
    limiter = limiter_of(1)
    permit = await limiter.enter("m")
    with anyio.move_on_after(0.02):
        await limiter.enter("m")
    assert limiter.snapshot().queued == 0
    permit.release()
    assert limiter.snapshot().in_use == 0


@pytest.mark.anyio
async def test_cancelled_in_the_moment_of_being_let_in() -> None:
    limiter = limiter_of(1)
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
    limiter = limiter_of(2, model_limits={"slow": 1})
    slow = await limiter.enter("slow")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.enter, "slow")
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(1):
            quick = await limiter.enter("quick")
        assert limiter.snapshot().in_use == 2 and limiter.snapshot().queued == 1
        quick.release()
        slow.release()


# ---- who is next


@pytest.mark.anyio
async def test_a_short_call_of_another_client_and_an_interactive_one_go_first() -> None:
    limiter, order = limiter_of(1), list[str]()
    permit = await limiter.enter("m")

    async def wait(name: str, cost: float, priority: Priority) -> None:
        mine = await limiter.enter("m", client=name, cost=cost, priority=priority)
        order.append(f"{name} {priority}")
        mine.release()

    async with anyio.create_task_group() as tasks:
        calls: list[tuple[str, float, Priority]] = [
            ("bulk", 600.0, "batch"),
            ("bulk", 600.0, "interactive"),
            ("bulk", 600.0, "interactive"),
            ("me", 3.0, "interactive"),
        ]
        for name, cost, priority in calls:
            tasks.start_soon(wait, name, cost, priority)
            await anyio.wait_all_tasks_blocked()
        permit.release()
    assert order == ["me interactive", "bulk interactive", "bulk interactive", "bulk batch"]


@pytest.mark.anyio
async def test_one_that_was_sent_back_is_first_and_needs_no_free_place_in_the_line() -> None:
    limiter, order = limiter_of(1, queue_max=1), list[str]()
    permit = await limiter.enter("m")

    async def wait(name: str, again_since: float | None) -> None:
        mine = await limiter.enter("m", client=name, again_since=again_since)
        order.append(name)
        mine.release()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "other", None)
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(wait, "back", limiter.now() - 7)
        await anyio.wait_all_tasks_blocked()
        assert limiter.snapshot().queued == 2 and limiter.snapshot().oldest_wait_ms >= 7000
        permit.release()
    assert order == ["back", "other"]


# ---- a provider that says it is full


@pytest.mark.anyio
async def test_a_room_at_rest_lets_nobody_in_until_a_call_in_it_has_ended() -> None:
    limiter = limiter_of(3)
    first, second = await limiter.enter("m"), await limiter.enter("m")
    second.release()
    limiter.rest(second.room, 3600)
    assert limiter.enter_now("m") is None
    with pytest.raises(ProviderBusy, match="has said that it is full") as caught:
        await limiter.enter("m", max_wait_s=0)
    assert caught.value.details["retryAfterMs"] > 3_599_000
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.enter, "m")
        await anyio.wait_all_tasks_blocked()
        assert limiter.snapshot().queued == 1
        with anyio.fail_after(2):
            first.release()
            await anyio.wait_all_tasks_blocked()
    assert (limiter.snapshot().in_use, limiter.snapshot().queued) == (1, 0)


@pytest.mark.anyio
async def test_a_room_at_rest_opens_again_in_time() -> None:
    limiter = limiter_of(1)
    limiter.rest(limiter.rooms[0], 3600)
    limiter.rest(limiter.rooms[0], 0.02)  # the newer word counts
    with anyio.fail_after(2):
        (await limiter.enter("m")).release()


# ---- several rooms


@pytest.mark.anyio
async def test_the_limits_hold_for_each_room_and_one_line_serves_them_all() -> None:
    limiter = limiter_of(2, rooms=3, model_limits={"big": 1})
    big = [await limiter.enter("big") for _ in range(3)]
    assert sorted(permit.room.number for permit in big) == [0, 1, 2]
    assert limiter.enter_now("big") is None
    small = [await limiter.enter("small") for _ in range(3)]
    assert limiter.enter_now("small") is None
    with pytest.raises(ProviderBusy) as caught:
        await limiter.enter("big", max_wait_s=0)
    assert (caught.value.details["limit"], caught.value.details["inUse"]) == (3, 6)
    assert limiter.snapshot().limit == 6
    async with anyio.create_task_group() as tasks:
        for model in ("big", "small"):
            tasks.start_soon(limiter.enter, model)
            await anyio.wait_all_tasks_blocked()
        small[1].release()
        await anyio.wait_all_tasks_blocked()
        assert limiter.snapshot().queued == 1  # the call for the big model was passed by
        big[2].release()
    assert [room.in_use for room in limiter.rooms] == [2, 2, 2]


@pytest.mark.anyio
async def test_it_is_asked_which_room_and_may_be_told_to_wait() -> None:
    asked: list[list[int]] = []

    def choose(_: str, free: list[Room]) -> Room | None:
        asked.append([room.number for room in free])
        return free[-1] if len(free) > 1 else None

    limiter = limiter_of(1, rooms=3, choose=choose)
    permits = [await limiter.enter("m"), await limiter.enter("m")]
    assert [permit.room.number for permit in permits] == [2, 1]
    assert limiter.enter_now("m") is None and asked == [[0, 1, 2], [0, 1], [0]]


@pytest.mark.anyio
async def test_new_rooms_take_over_with_the_line_and_old_permits_take_none_of_their_room() -> None:
    limiter = limiter_of(1)
    old = await limiter.enter("m")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.enter, "m")
        await anyio.wait_all_tasks_blocked()
        limiter.renew([Room(), Room(1)])
    assert (limiter.snapshot().limit, limiter.snapshot().in_use, limiter.snapshot().queued) == (2, 1, 0)
    old.release()
    assert limiter.snapshot().in_use == 1


@pytest.mark.anyio
async def test_a_raised_limit_lets_in_who_waits() -> None:
    limiter = limiter_of(1)
    await limiter.enter("m")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.enter, "m")
        await anyio.wait_all_tasks_blocked()
        limiter.set_limits(2, {})
        limiter.advance()
    assert limiter.snapshot().in_use == 2


# ---- limits


@pytest.mark.anyio
async def test_a_model_with_a_higher_limit_of_its_own_has_it_and_the_others_keep_theirs() -> None:
    limiter = limiter_of(1, model_limits={"many": 3})
    many = [limiter.enter_now("many") for _ in range(2)]
    assert all(many) and limiter.enter_now("other") is not None
    assert limiter.enter_now("other") is None and limiter.enter_now("many") is None
    assert (limiter.limit, limiter.limit_of("many"), limiter.limit_of("other")) == (3, 3, 1)


# ---- refusing before there is anything to regret


@pytest.mark.anyio
async def test_a_call_that_would_be_refused_is_refused_before_its_audio_is_read() -> None:
    limiter = limiter_of(1, queue_max=1)
    limiter.refuse_if_full("m", 0)
    permit = await limiter.enter("m")
    limiter.refuse_if_full("m", None)  # it may wait
    with pytest.raises(ProviderBusy):
        limiter.refuse_if_full("m", 0)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(limiter.enter, "m")
        await anyio.wait_all_tasks_blocked()
        with pytest.raises(ProviderBusy) as caught:
            limiter.refuse_if_full("m", None)
        assert caught.value.details["queued"] == 1
        permit.release()


@settings(max_examples=100, deadline=None)
@given(
    rooms=st.integers(1, 3),
    limit=st.integers(1, 3),
    model_limit=st.integers(1, 3),
    steps=st.lists(
        st.tuples(st.sampled_from(["enter", "enter", "leave", "cancel", "rest"]), st.integers(0, 1), st.integers(0, 2)),
        max_size=50,
    ),
)
def test_counts_hold_whatever_happens(
    rooms: int, limit: int, model_limit: int, steps: list[tuple[str, int, int]]
) -> None:
    """Any sequence of entering, leaving and giving up keeps the limits, and ends with everybody served."""

    async def run() -> None:
        limiter = limiter_of(limit, rooms=rooms, model_limits={"m0": model_limit}, queue_max=100)
        tasks: list[tuple[str, asyncio.Future[Permit[Room]]]] = []
        for action, model, client in steps:
            inside = [item for item in tasks if item[1].done() and not item[1].cancelled()]
            waiting = [item for item in tasks if not item[1].done()]
            if action == "enter":
                priority: Priority = "batch" if client == 2 else "interactive"
                entering = limiter.enter(f"m{model}", client=f"c{client}", cost=1.0 + 9 * client, priority=priority)
                tasks.append((f"m{model}", asyncio.ensure_future(entering)))
            elif action == "leave" and inside:
                tasks.remove(inside[0])
                inside[0][1].result().release()
            elif action == "cancel" and waiting:
                waiting[0][1].cancel()
            elif action == "rest":
                limiter.rest(limiter.rooms[client % rooms], 0)
            for _ in range(4):
                await asyncio.sleep(0)
            tasks = [item for item in tasks if not item[1].cancelled()]
            check(limiter, tasks)
        while tasks:
            done = [item for item in tasks if item[1].done()]
            assert done, "somebody waits although nobody is inside"
            for item in done:
                tasks.remove(item)
                item[1].result().release()
            for _ in range(4):
                await asyncio.sleep(0)
        assert limiter.snapshot().in_use == limiter.snapshot().queued == 0

    asyncio.run(run())


def check(limiter: Limiter[Room], tasks: "list[tuple[str, asyncio.Future[Permit[Room]]]]") -> None:
    """Every count is true, and no limit is broken."""
    inside = [(model, task.result().room) for model, task in tasks if task.done()]
    for room in limiter.rooms:
        models = [model for model, place in inside if place is room]
        assert room.in_use == len(models) <= limiter.limit
        assert all(models.count(model) <= limiter.limit_of(model) for model in models)
    assert limiter.snapshot().in_use == len(inside)
    assert limiter.snapshot().queued == len(tasks) - len(inside)
