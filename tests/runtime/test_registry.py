"""What the providers offer: from their entries, from their answers, and beside one that fails."""

from pathlib import Path
from typing import Any

import pytest

from tests.runtime.conftest import CALLER, entry, model, running, until
from vox import errors
from vox.paths import Home
from vox.runtime.requests import TranscribeRequest

pytestmark = pytest.mark.anyio


def ghost(name: str, **fields: Any) -> Any:
    return entry(name, **fields).model_copy(update={"command": ["no-such-program-anywhere"]})


async def test_gaps_in_a_models_description_are_filled_as_the_protocol_says(home: Home) -> None:
    async with running(home, entry("ear", {"models": [{"id": "ear:1"}], "features": ["cancel"]})) as setup:
        (info,) = await setup.registry.providers[0].models()
    assert (info.id, info.name, info.backend, info.provider, info.kind) == ("ear:1", "ear:1", "ear", "ear", "asr")
    assert (info.installed, info.available, info.preloaded) == (True, True, False)
    assert info.features == ("cancel",)


async def test_a_listed_model_is_known_before_the_process_runs(home: Home) -> None:
    told = entry(
        "ear", {"models": [model("ear:1", name="One", languages=["de"]), model("ear:2")]}, models=["ear:1", "x"]
    )
    async with running(home, told) as setup:
        provider = setup.registry.providers[0]
        assert [(info.id, info.name) for info in provider.known_models()] == [("ear:1", "ear:1"), ("x", "x")]
        models = await provider.models()
    assert [(info.id, info.name, info.languages) for info in models] == [("ear:1", "One", ("de",)), ("x", "x", ())]


async def test_models_of_the_other_kind_are_not_offered(home: Home) -> None:
    both = {"models": [model("a:1", kind="asr"), model("a:2", kind="tts"), model("a:3")]}
    async with running(home, entry("a", both), entry("a", both, kind="tts")) as setup:
        heard, spoken = [await provider.models() for provider in setup.registry.providers]
    assert [info.id for info in heard] == ["a:1", "a:3"]
    assert [info.id for info in spoken] == ["a:2", "a:3"]


async def test_one_that_fails_is_reported_beside_the_others(home: Home) -> None:
    good = entry("good", {"models": [model("good:1")]})
    async with running(home, ghost("bad"), good, ghost("listed", models=["listed:1"])) as setup:
        models, problems = await setup.runtime.models(("asr", "tts"))
    assert [(info.id, info.available) for info in models] == [("good:1", True), ("listed:1", False)]
    assert [(name, error.code) for name, error in problems] == [("bad", "provider_unavailable")]


async def test_a_model_of_two_providers_is_shown_once(home: Home) -> None:
    first, second = entry("a", {"models": [model("m:1", name="A")]}), entry("b", {"models": [model("m:1", name="B")]})
    async with running(home, first, second) as setup:
        models, _ = await setup.runtime.models()
    assert [(info.id, info.name) for info in models] == [("m:1", "A")]


async def test_a_busy_provider_is_not_asked_again(home: Home, recording: Path, tmp_path: Path) -> None:
    import anyio

    gate = tmp_path / "gate"
    async with running(home, entry("ear", {"models": [model("ear:1")]})) as setup, anyio.create_task_group() as tasks:
        request = TranscribeRequest(recording, prompt=f"gate {gate}")
        tasks.start_soon(setup.runtime.transcribe, request, CALLER)
        await until(lambda: setup.registry.providers[0].limiter.snapshot().in_use == 1)
        with anyio.fail_after(5):
            models, problems = await setup.runtime.models()
        assert [info.id for info in models] == ["ear:1"] and not problems
        gate.touch()


async def test_a_provider_without_the_method_still_works_by_its_list(home: Home, recording: Path) -> None:
    async with running(home, entry("ear", {}, models=["ear:1"])) as setup:
        request = TranscribeRequest(recording, model="ear:1")
        assert (await setup.runtime.transcribe(request, CALLER)).text == "hello world"
        assert [info.id for info in setup.registry.providers[0].known_models()] == ["ear:1"]


@pytest.mark.parametrize(
    ("fields", "spec", "limit", "of_model"),
    [
        ({}, {}, 1, 1),
        ({"kind": "tts"}, {}, 4, 4),
        ({"maxConcurrency": 3}, {"maxConcurrency": 7}, 3, 3),
        ({}, {"maxConcurrency": 7}, 7, 7),
        ({}, {"per_model": 5}, 5, 5),
        ({}, {"per_model": 2, "maxConcurrency": 7}, 7, 2),
        ({"maxConcurrency": 3}, {"per_model": 5}, 3, 3),
        ({"modelOptions": {"m:1": {"maxConcurrency": 2}}}, {}, 2, 2),
        ({"modelOptions": {"m:1": {"maxConcurrency": 2}}}, {"per_model": 9, "maxConcurrency": 4}, 4, 2),
        ({"modelOptions": {"m:1": {"maxConcurrency": 2}}, "maxConcurrency": 6}, {}, 6, 2),
    ],
)
async def test_the_limit_is_the_first_that_is_set(
    home: Home, fields: dict[str, Any], spec: dict[str, Any], limit: int, of_model: int
) -> None:
    spec = dict(spec)
    per_model = {"maxConcurrency": spec.pop("per_model")} if "per_model" in spec else {}
    async with running(home, entry("m", {"models": [model("m:1", **per_model)], **spec}, **fields)) as setup:
        provider = setup.registry.providers[0]
        await provider.ready()
        assert (provider.limiter.limit, provider.limiter.limit_of("m:1")) == (limit, of_model)


async def test_lookup_by_id_and_kind(home: Home) -> None:
    async with running(home, ghost("a"), ghost("a", kind="tts"), ghost("b")) as setup:
        registry = setup.registry
        first, second = registry.get("a"), registry.get("a", "tts")
        assert first is registry.providers[0] and second is registry.providers[1]
        assert registry.get("c") is None and registry.get("b", "tts") is None
        assert [provider.id for provider in registry.of("asr")] == ["a", "b"]


async def test_stopping_ends_all_at_once_and_a_later_call_starts_again(home: Home) -> None:
    specs = [entry(name, {"models": [model(f"{name}:1")]}) for name in "abc"]
    async with running(home, *specs) as setup:
        await setup.runtime.models()
        assert all(setup.pid(name) for name in "abc")
        await setup.registry.stop()
        assert not any(setup.pid(name) for name in "abc")
        with pytest.raises(errors.ModelNotFound):
            await setup.runtime.preload("zzz", lambda _: None)
        assert [provider.supervisor.generation for provider in setup.registry.providers] == [2, 2, 2]
