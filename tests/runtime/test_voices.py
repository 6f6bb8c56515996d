"""Voices: merged from all, one failing beside the rest, found whatever their case, and never guessed."""

from typing import Any

import pytest

from tests.runtime.conftest import CALLER, entry, model, running
from vox import errors
from vox.paths import Home
from vox.runtime.requests import SynthesizeRequest

pytestmark = pytest.mark.anyio

ANNA = {"id": "af_anna", "name": "Anna", "language": "en-US", "modelId": "a:1", "default": True}


def mouth(name: str, voices: Any = None) -> Any:
    spec: dict[str, Any] = {"models": [model(f"{name}:1")]}
    return entry(name, {**spec, "voices": voices} if voices is not None else spec, kind="tts")


async def speak(setup: Any, **fields: Any) -> str:
    return (await setup.runtime.synthesize(SynthesizeRequest("hello", **fields), CALLER)).voice


async def test_all_voices_of_all_models(home: Home) -> None:
    async with running(home, mouth("a", [ANNA]), mouth("b", [{"id": "bo"}]), mouth("silent")) as setup:
        voices, problems = await setup.runtime.voices()
    assert [(voice.id, voice.name, voice.model, voice.backend, voice.default) for voice in voices] == [
        ("af_anna", "Anna", "a:1", "a", True),
        ("bo", "bo", "b:1", "b", False),
    ]
    assert [(name, error.code) for name, error in problems] == [("silent", "provider_error")]


async def test_the_voices_of_one_model_carry_its_name(home: Home) -> None:
    async with running(home, mouth("a", [ANNA]), mouth("b", [{"id": "bo"}])) as setup:
        voices, problems = await setup.runtime.voices("b:1")
        assert [(voice.id, voice.model) for voice in voices] == [("bo", "b:1")] and not problems
        with pytest.raises(errors.ModelNotFound):
            await setup.runtime.voices("c:1")


async def test_a_model_named_alone_fails_with_its_provider(home: Home) -> None:
    async with running(home, mouth("silent")) as setup:
        with pytest.raises(errors.ProviderFailed, match="no voices today"):
            await setup.runtime.voices("silent:1")


@pytest.mark.parametrize("wanted", ["af_anna", "AF_ANNA", "anna", "Anna", " Anna "])
async def test_a_voice_is_found_by_id_or_name_whatever_the_case(home: Home, wanted: str) -> None:
    async with running(home, mouth("a", [ANNA, {"id": "other"}])) as setup:
        assert await speak(setup, voice=wanted) == "af_anna"


async def test_an_unknown_voice_names_what_looks_like_it(home: Home) -> None:
    async with running(home, mouth("a", [ANNA, {"id": "af_bella"}])) as setup:
        with pytest.raises(errors.VoiceNotFound) as caught:
            await speak(setup, voice="af_ana")
        assert caught.value.details == {"modelId": "a:1", "nearest": ["af_anna", "af_bella"]}
        assert "Did you mean af_anna or af_bella?" in caught.value.message
        with pytest.raises(errors.VoiceNotFound, match="It has: af_anna, af_bella"):
            await speak(setup, voice="zzz")


@pytest.mark.parametrize("voices", [None, []])
async def test_a_provider_that_tells_no_voices_is_trusted_to_know_its_own(home: Home, voices: Any) -> None:
    async with running(home, mouth("a", voices)) as setup:
        assert await speak(setup, voice="whatever") == "whatever"


@pytest.mark.parametrize("blank", [None, "", "  "])
async def test_no_voice_means_the_providers_default(home: Home, blank: str | None) -> None:
    async with running(home, mouth("a", [ANNA])) as setup:
        assert await speak(setup, voice=blank) == "default"


async def test_voices_are_asked_once_per_process(home: Home) -> None:
    async with running(home, mouth("a", [ANNA])) as setup:
        provider = setup.registry.providers[0]
        await speak(setup, voice="anna")
        await provider.supervisor.stop()
        assert await speak(setup, voice="anna") == "af_anna"
        assert provider.supervisor.generation == 2
        begun = len(setup.rows())
        await speak(setup, voice="anna")
        (row,) = setup.rows()[begun:]
        assert row["startMs"] < 5
