"""The methods of warm-up on a connection without sockets."""

from typing import Any

import pytest

from tests.doors.conftest import PAGE, Talk, talking
from tests.runtime.conftest import entry, model, until
from vox.paths import Home

pytestmark = pytest.mark.anyio

EAR = {"models": [model("ear:1"), model("ear:2", installed=False)]}
MOUTH = {"models": [model("mouth:1")]}


async def _warmup(talk: Talk, verb: str, /, **params: Any) -> dict[str, Any]:
    answer = await talk.ask(f"warmup.{verb}", clientId="me", **params)
    assert "result" in answer, answer
    return answer["result"]["warmup"]


async def test_status_starts_nothing(home: Home) -> None:
    async with talking(home, entry("ear", EAR), entry("mouth", MOUTH, kind="tts")) as talk:
        assert (await _warmup(talk, "status", modelId="mouth:1"))["state"] == "idle"
        assert talk.setup.pid("ear") is None and talk.setup.pid("mouth") is None


async def test_status_of_the_default_starts_its_provider_alone(home: Home) -> None:
    async with talking(home, entry("ear", EAR), entry("other", EAR), entry("mouth", MOUTH, kind="tts")) as talk:
        assert (await _warmup(talk, "status"))["modelId"] == "ear:1"
        assert talk.setup.pid("ear") and not talk.setup.pid("other") and not talk.setup.pid("mouth")


async def test_a_model_that_speaks_can_be_warmed_too(home: Home) -> None:
    async with talking(home, entry("ear", EAR), entry("mouth", MOUTH, kind="tts")) as talk:
        ready = await _warmup(talk, "start", modelId="mouth:1", wait=True)
        assert (ready["modelId"], ready["state"], ready["requestedBy"]) == ("mouth:1", "ready", "me")


async def test_who_waits_sees_the_progress(home: Home) -> None:
    async with talking(home, entry("ear", EAR)) as talk:
        await _warmup(talk, "start", modelId="ear:1", wait=True)
        (step,) = [frame["data"] for frame in talk.sent if frame.get("event") == "models.progress"]
        assert step == {"modelId": "ear:1", "progress": 0.5, "status": "loading"}


async def test_who_leaves_does_not_stop_it(home: Home) -> None:
    async with talking(home, entry("ear", EAR)) as talk:
        plan = {"modelId": "ear:1", "delayMs": 200, "wait": True}
        talk.send({"id": "w", "method": "warmup.schedule", "params": plan})
        warmups = talk.setup.runtime.warmups
        await until(lambda: bool(warmups._plans))
        talk.send({"method": "$/cancel", "params": {"id": "w"}})
        assert "cancelled" in (await talk.answers("w"))[-1]["error"]
        assert (await warmups.over("ear:1")).state == "ready"


async def test_models_that_cannot_be_warmed(home: Home) -> None:
    async with talking(home, entry("ear", EAR)) as talk:
        refused = await talk.ask("warmup.start", modelId="ear:2")
        assert refused["errorInfo"]["code"] == "model_not_installed"
        assert (await talk.ask("warmup.schedule", modelId="x:1"))["errorInfo"]["code"] == "model_not_found"
        assert (await talk.ask("warmup.status", modelId="x:1"))["errorInfo"]["code"] == "model_not_found"
        assert "delayMs" in (await talk.ask("warmup.schedule", modelId="ear:1", delayMs=1e15))["error"]


async def test_a_page_may_warm_what_is_here(home: Home) -> None:
    async with talking(home, entry("ear", EAR), access=PAGE) as talk:
        assert (await _warmup(talk, "schedule", modelId="ear:1", delayMs=-1, wait=True))["state"] == "ready"


async def test_from_the_start_as_the_settings_say(home: Home) -> None:
    for policy, pids in (("never", 0), ("on_first_use", 0), ("eager", 1)):
        async with talking(home, entry("ear", EAR), warmUp=policy) as talk:
            await talk.setup.runtime.warm_up()
            assert bool(talk.setup.pid("ear")) == bool(pids), policy
            if policy == "eager":
                ready = await _warmup(talk, "status")
                assert (ready["state"], ready["requestedBy"]) == ("ready", "service-start")


async def test_ahead_of_a_use_unless_never(home: Home) -> None:
    for policy, state in (("never", "idle"), ("on_first_use", "ready")):
        async with talking(home, entry("ear", EAR), warmUp=policy) as talk:
            assert await talk.setup.runtime.warm_ahead("ear:1", "me") in ("ear:1", None)
            warmups = talk.setup.runtime.warmups
            assert policy == "never" or (await warmups.over("ear:1")).state == "ready"
            assert (await _warmup(talk, "status", modelId="ear:1"))["state"] == state


async def test_a_provider_that_is_not_used_tells_when_it_goes(home: Home) -> None:
    async with talking(home, entry("ear", EAR, keepAlive="5m")) as talk:
        await _warmup(talk, "start", modelId="ear:1", wait=True)

        async def told() -> dict[str, Any]:
            return (await talk.ask("providers.status"))["result"]["providers"][0]

        provider = talk.setup.registry.get("ear")
        await until(lambda: provider is not None and provider.supervisor.unload_s is not None)
        status = await told()
        assert 299_000 < status["unloadInMs"] <= 300_000 and status["unloadAt"].endswith("Z")
        assert status["replicas"][0]["unloadAt"] == status["unloadAt"]
