"""Warm-up: the state machine over providers made up here, in a clock that leaps; then over real processes."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.clock import LeapingLoop, run
from tests.runtime.conftest import CALLER, entry, model, running, until
from vox.errors import ModelNotFound, ModelNotInstalled, ProviderCrashed, ProviderFailed
from vox.paths import Home
from vox.runtime.events import Event, Events
from vox.runtime.requests import TranscribeRequest
from vox.runtime.routing import Route
from vox.runtime.warmup import Warmup, Warmups
from vox.types import ModelInfo, Progress

INFO = ModelInfo(
    id="ear:1", name="ear:1", backend="ear", kind="asr", provider="ear", installed=True, preloaded=False, available=True
)


class Process:
    def __init__(self) -> None:
        self.ended: asyncio.Future[Any] = asyncio.get_running_loop().create_future()


class Replica:
    """One process of the made-up provider, and its supervisor."""

    def __init__(self) -> None:
        self.supervisor = self
        self.running: Process | None = None
        self.models: Any = object()

    def has(self, _: str) -> bool:
        return False


class Provider:
    id = "ear"

    def __init__(self) -> None:
        self.replicas = self
        self.all = [Replica()]
        self.entry, self.supervisor = self, self.all[0]
        self.info = INFO
        self.asked = 0

    @property
    def running(self) -> list[Replica]:
        return [replica for replica in self.all if replica.running]

    def known_model(self, name: str) -> ModelInfo | None:
        return self.info if name == "ear:1" else None

    async def models(self, *, fresh: bool = False) -> None:
        assert fresh and self.running, "a look must start nothing"
        self.asked += 1

    def runs(self) -> Process:
        process = self.all[0].running or Process()
        self.all[0].running = process
        return process

    def ends(self, error: Exception | None = None) -> None:
        process, self.all[0].running = self.all[0].running, None
        self.info = INFO
        if process is not None and error is not None:
            process.ended.set_result(error)


@dataclass
class World:
    """The warm-ups of one made-up provider, whose loads end when they are told to."""

    tasks: Any
    provider: Provider = field(default_factory=Provider)
    events: Events = field(default_factory=Events)
    loads: list["asyncio.Future[None]"] = field(default_factory=list)
    finds: int = 0

    def __post_init__(self) -> None:
        self.providers = [self.provider]
        self.heard = self.events.subscribe(["warmup"])
        self.warmups = Warmups(
            self,  # type: ignore[arg-type]
            self.find,
            self.events,
            self.tasks,
            load=self.load,
            now=self.now,
        )

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=asyncio.get_running_loop().time())

    def of(self, kind: str) -> list[Any]:
        return self.providers if kind == "asr" else []

    async def find(self, name: str | None) -> Route:
        self.finds += 1
        if name not in (None, "ear:1"):
            raise ModelNotFound(f"no {name}")
        return Route(self.provider, self.provider.info)  # type: ignore[arg-type]

    async def load(self, _: Route, on_progress: Any) -> ModelInfo:
        process = self.provider.runs()
        over = asyncio.get_running_loop().create_future()
        self.loads.append(over)
        on_progress(Progress("ear:1", 0.5, "loading"))
        await over
        if process.ended.done():
            raise process.ended.result()
        self.provider.info = replace(INFO, preloaded=True)
        return self.provider.info

    def finish(self, error: Exception | None = None) -> None:
        for over in self.loads:
            if not over.done():
                over.set_exception(error) if error else over.set_result(None)

    def told(self) -> list[str]:
        names: list[str] = []
        while (event := self.heard.next()) is not None:
            assert isinstance(event, Event)
            names.append(event.name)
        return names


def in_world(scene: Any) -> None:
    async def main() -> None:
        async with anyio.create_task_group() as tasks:
            await scene(World(tasks))
            tasks.cancel_scope.cancel()

    run(main())


async def settle() -> None:
    for _ in range(8):
        await asyncio.sleep(0)


def test_from_idle_to_ready() -> None:
    async def scene(world: World) -> None:
        assert await world.warmups.status("ear:1") == Warmup("ear:1")
        warming = await world.warmups.start("ear:1", "me")
        assert warming.state == "warming" and warming.requested_by == "me" and warming.completed_at is None
        await settle()
        world.finish()
        ready = await world.warmups.over("ear:1")
        assert ready.state == "ready" and ready.started_at == warming.started_at and ready.completed_at
        assert world.told() == ["warming", "progress", "ready"]

    in_world(scene)


def test_many_who_start_cause_one_load_and_the_last_is_named() -> None:
    async def scene(world: World) -> None:
        for name in ("a", "b", "c"):
            warmup = await world.warmups.start(None, name)
            await settle()
        assert warmup.requested_by == "c" and len(world.loads) == 1

    in_world(scene)


def test_in_the_wires_names() -> None:
    moment = datetime(2026, 1, 2, 3, 4, 5, 999_999, UTC)
    assert Warmup("a:1", "scheduled", "me", scheduled_for=moment).told() == {
        "modelId": "a:1",
        "state": "scheduled",
        "requestedBy": "me",
        "scheduledFor": "2026-01-02T03:04:05Z",
        "startedAt": None,
        "completedAt": None,
        "lastError": None,
    }


def test_a_schedule_comes_due_and_another_replaces_it() -> None:
    async def scene(world: World) -> None:
        await world.warmups.schedule("ear:1", 60, "me")
        scheduled = await world.warmups.schedule("ear:1", 3600, "you")
        assert scheduled.scheduled_for == world.now() + timedelta(hours=1) and scheduled.requested_by == "you"
        await asyncio.sleep(3599)
        assert not world.loads
        await asyncio.sleep(2)
        assert len(world.loads) == 1
        assert world.told() == ["scheduled", "scheduled", "warming", "progress"]

    in_world(scene)


@pytest.mark.parametrize("delay_s", [0, -5])
def test_no_delay_is_now_and_forgets_the_schedule(delay_s: float) -> None:
    async def scene(world: World) -> None:
        await world.warmups.schedule("ear:1", 60, "me")
        assert (await world.warmups.schedule("ear:1", delay_s, "me")).state == "warming"
        await settle()
        world.finish()
        await asyncio.sleep(100)
        assert len(world.loads) == 1

    in_world(scene)


def test_a_cancelled_schedule_never_comes_due() -> None:
    async def scene(world: World) -> None:
        await world.warmups.schedule("ear:1", 60, "me")
        assert (await world.warmups.cancel("ear:1")).state == "idle"
        await asyncio.sleep(100)
        assert not world.loads and world.told() == ["scheduled", "idle"]

    in_world(scene)


def test_a_cancelled_load_ends_and_another_can_begin() -> None:
    async def scene(world: World) -> None:
        await world.warmups.start("ear:1", "me")
        await settle()
        assert (await world.warmups.cancel("ear:1")).state == "idle"
        await settle()
        assert world.loads[0].cancelled()
        assert (await world.warmups.start("ear:1", "me")).state == "warming"
        await settle()
        world.finish()
        assert (await world.warmups.over("ear:1")).state == "ready"

    in_world(scene)


def test_cancelling_nothing_changes_nothing() -> None:
    async def scene(world: World) -> None:
        assert (await world.warmups.cancel("ear:1")).state == "idle"
        assert world.told() == []

    in_world(scene)


def test_a_load_that_fails_says_why_and_may_be_tried_again() -> None:
    async def scene(world: World) -> None:
        await world.warmups.start("ear:1", "me")
        await settle()
        world.finish(ProviderFailed("no memory"))
        failed = await world.warmups.over("ear:1")
        assert (failed.state, failed.last_error) == ("failed", "no memory") and failed.completed_at
        assert (await world.warmups.status("ear:1")).state == "failed"
        again = await world.warmups.start("ear:1", "me")
        assert (again.state, again.last_error) == ("warming", None)

    in_world(scene)


def test_a_crash_ends_being_ready_and_says_why() -> None:
    async def scene(world: World) -> None:
        await _make_ready(world)
        world.provider.ends(ProviderCrashed("ended by signal 9"))
        world.warmups.review()
        idle = await world.warmups.status("ear:1")
        assert (idle.state, idle.last_error, idle.started_at) == ("idle", "ended by signal 9", None)
        world.provider.runs()  # for somebody else's call: it has not loaded the model
        assert (await world.warmups.status("ear:1")).state == "idle"

    in_world(scene)


def test_idling_away_is_no_error() -> None:
    async def scene(world: World) -> None:
        await _make_ready(world)
        world.provider.ends()
        world.warmups.review()
        assert await world.warmups.status("ear:1") == Warmup("ear:1", requested_by="me")

    in_world(scene)


def test_an_entry_that_is_gone_has_nothing_ready() -> None:
    async def scene(world: World) -> None:
        await _make_ready(world)
        world.providers.clear()
        world.warmups.review()
        assert world.told()[-1] == "idle"

    in_world(scene)


def test_a_process_that_dies_in_the_very_moment_it_is_ready() -> None:
    async def scene(world: World) -> None:
        await world.warmups.start("ear:1", "me")
        await settle()
        world.finish()
        world.provider.ends()
        assert (await world.warmups.over("ear:1")).state == "idle"

    in_world(scene)


def test_a_model_loaded_by_other_means_is_ready() -> None:
    async def scene(world: World) -> None:
        await world.warmups.status("ear:1")
        world.provider.runs()
        world.provider.info = replace(INFO, preloaded=True)
        ready = await world.warmups.status("ear:1")
        assert (ready.state, ready.requested_by, world.provider.asked) == ("ready", None, 1)

    in_world(scene)


def test_a_look_starts_and_finds_nothing() -> None:
    async def scene(world: World) -> None:
        await world.warmups.status("ear:1")
        assert (world.finds, world.provider.asked) == (0, 0)

    in_world(scene)


def test_a_model_that_is_not_installed_is_refused_and_not_downloaded() -> None:
    async def scene(world: World) -> None:
        world.provider.info = replace(INFO, installed=False)
        with pytest.raises(ModelNotInstalled, match="vox models install"):
            await world.warmups.start("ear:1", "me")
        with pytest.raises(ModelNotInstalled):
            await world.warmups.schedule("ear:1", 60, "me")
        assert not world.loads and not world.told()

    in_world(scene)


def test_a_model_that_has_gone_when_it_is_due() -> None:
    async def scene(world: World) -> None:
        await world.warmups.schedule("ear:1", 60, "me")
        world.provider.info = replace(INFO, installed=False)
        await asyncio.sleep(61)
        failed = await world.warmups.status("ear:1")
        assert failed.state == "failed" and "not installed" in (failed.last_error or "")

    in_world(scene)


def test_who_waits_is_told_every_step() -> None:
    async def scene(world: World) -> None:
        steps: list[float] = []
        await world.warmups.schedule("ear:1", 1, "me")
        waiting = asyncio.ensure_future(world.warmups.over("ear:1", lambda progress: steps.append(progress.fraction)))
        await asyncio.sleep(2)
        world.finish()
        assert (await waiting).state == "ready" and steps == [0.5]

    in_world(scene)


async def _make_ready(world: World) -> None:
    await world.warmups.start("ear:1", "me")
    await settle()
    world.finish()
    assert (await world.warmups.over("ear:1")).state == "ready"


MOVES = st.lists(
    st.sampled_from(["start", "schedule", "now", "cancel", "finish", "fail", "crash", "idle", "wait", "look"]),
    max_size=25,
)


@settings(deadline=None)
@given(MOVES)
def test_any_moves(moves: list[str]) -> None:
    """Whatever happens in whatever order: what is said is true, and adds up with what was told meanwhile."""

    async def scene(world: World) -> None:
        warmups, state = world.warmups, "idle"
        for move in moves:
            if move in ("start", "now"):
                state = (await (warmups.start("ear:1", "me") if move == "start" else _at_once(warmups))).state
                assert state in ("warming", "ready")
            elif move == "schedule":
                before = state
                state = (await warmups.schedule("ear:1", 50, "me")).state
                assert state == before if before in ("warming", "ready") else state in ("scheduled", "ready")
            elif move == "cancel":
                state = (await warmups.cancel("ear:1")).state
                assert state not in ("scheduled", "warming")
            elif move == "wait":
                await asyncio.sleep(60)
            elif move in ("finish", "fail"):
                world.finish(ProviderFailed("no") if move == "fail" else None)
            elif move in ("crash", "idle"):
                world.provider.ends(ProviderCrashed("gone") if move == "crash" else None)
                warmups.review()
            await settle()
            now = await warmups.status("ear:1")
            state = now.state
            _check(world, now)
        world.finish()
        await asyncio.sleep(60)
        world.finish()
        await settle()
        assert (await warmups.status("ear:1")).state in ("idle", "ready", "failed")

    in_world(scene)


async def _at_once(warmups: Warmups) -> Warmup:
    return await warmups.schedule("ear:1", 0, "me")


def _check(world: World, now: Warmup) -> None:
    open_loads = [load for load in world.loads if not load.done()]
    assert len(open_loads) == (1 if now.state == "warming" else 0)
    assert (now.scheduled_for is not None) == (now.state == "scheduled")
    assert now.state != "ready" or world.provider.running
    assert now.state != "failed" or now.last_error
    assert now.state not in ("warming", "ready", "scheduled") or now.last_error is None
    last = world.told()
    assert not last or last[-1] in (now.state, "progress")


def test_the_loop_of_these_tests_leaps() -> None:
    async def main() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert isinstance(run(main()), float) and LeapingLoop


EAR = {"models": [model("ear:1")]}


@pytest.mark.anyio
async def test_real_processes_and_a_real_crash(home: Home, recording: Any) -> None:
    async with running(home, entry("ear", EAR)) as setup:
        warmups = setup.runtime.warmups
        assert (await warmups.status("ear:1")).state == "idle" and setup.pid("ear") is None
        await warmups.start("ear:1", "me")
        assert (await warmups.over("ear:1")).state == "ready"
        with pytest.raises(ProviderCrashed):
            await setup.runtime.transcribe(TranscribeRequest(recording, prompt="die"), CALLER)
        await until(lambda: setup.pid("ear") is None)
        idle = await warmups.status("ear:1")
        assert idle.state == "idle" and "signal 9" in (idle.last_error or "")


@pytest.mark.anyio
async def test_idling_away_and_being_restarted(home: Home) -> None:
    async with running(home, entry("ear", EAR, keepAlive="0.1s")) as setup:
        warmups = setup.runtime.warmups
        await warmups.start("ear:1", "me")
        assert (await warmups.over("ear:1")).state == "ready"
        await until(lambda: setup.pid("ear") is None)
        assert await warmups.status("ear:1") == Warmup("ear:1", requested_by="me")
