"""Models are in memory before the first word, where the settings let them."""

import sys

import anyio
import pytest

from tests.doors.realtime.sessions import Stage
from tests.runtime.conftest import Setup, home, running
from vox.config import ProviderEntry
from vox.doors.realtime import session as sessions
from vox.doors.realtime.warming import warm_up
from vox.paths import Home

__all__ = ["home"]  # a fixture

pytestmark = pytest.mark.anyio

EARS = ProviderEntry.model_validate({"id": "moonshine", "command": [sys.executable, "-m", "vox_providers.moonshine"]})
MOUTH = ProviderEntry.model_validate(
    {"id": "hibari", "kind": "tts", "command": [sys.executable, "-m", "vox_providers.hibari"]}
)


async def states(setup: Setup) -> list[str]:
    return [(await setup.runtime.warmups.status(model)).state for model in ("moonshine:tiny-en", "hibari:en")]


async def test_the_default_models_are_loaded_when_it_returns(home: Home) -> None:
    async with running(home, EARS, MOUTH) as setup:
        await warm_up(setup.runtime, None, None, "tester")
        assert await states(setup) == ["ready", "ready"]


async def test_a_session_without_a_voice_loads_none(home: Home) -> None:
    async with running(home, EARS, MOUTH) as setup:
        await warm_up(setup.runtime, "moonshine:tiny-en", "", "tester")
        assert await states(setup) == ["ready", "idle"]


async def test_nothing_is_loaded_where_the_settings_say_so(home: Home) -> None:
    async with running(home, EARS, MOUTH, warm_up="never") as setup:
        await warm_up(setup.runtime, None, None, "tester")
        assert await states(setup) == ["idle", "idle"]


async def test_what_is_not_there_is_left_to_the_first_call(home: Home) -> None:
    async with running(home, EARS, MOUTH) as setup:
        await warm_up(setup.runtime, "nobody:1", "nobody:2", "tester")
        assert await states(setup) == ["idle", "idle"]


async def test_a_client_does_not_wait_forever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_WARM_UP_S", 0.01)

    async def never(*_: object) -> None:
        await anyio.sleep_forever()

    stage = Stage(warm_up=never)
    async with stage.running():
        assert stage.types() == ["session.created"]


async def test_a_client_that_leaves_while_models_are_loaded_is_noticed() -> None:
    loading = anyio.Event()

    async def never(*_: object) -> None:
        loading.set()
        await anyio.sleep_forever()

    stage = Stage(warm_up=never)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stage.run)
            await loading.wait()
            stage.leave()
    assert stage.types() == [] and stage.outbox.closed


async def test_what_is_said_while_models_are_loaded_is_answered_when_they_are() -> None:
    loaded = anyio.Event()

    async def wait(*_: object) -> None:
        await loaded.wait()

    stage = Stage(warm_up=wait)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stage.run)
        for words in ("One.", "Two."):
            stage.put(stage.update(instructions=words))
        await anyio.wait_all_tasks_blocked()
        assert stage.types() == []
        loaded.set()
        await stage.until_told("session.updated", 2)
        tasks.cancel_scope.cancel()
    stage.leave()
    told = [event["session"]["instructions"] for event in stage.told("session.updated")]
    assert stage.types()[0] == "session.created" and told == ["One.", "Two."]
