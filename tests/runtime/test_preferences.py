"""Wishes of the user where the request and the settings say nothing."""

import json
from typing import Any

import pytest

from tests.runtime.conftest import CALLER, entry, model, running
from vox import errors
from vox.config import Configuration, Preferences, Settings
from vox.paths import Home
from vox.runtime.requests import SynthesizeRequest
from vox.runtime.routing import Router

pytestmark = pytest.mark.anyio

EARS = {"models": [model("ear:1"), model("ear:2"), model("ear:3", installed=False)]}
MOUTH = {"models": [model("mouth:1"), model("mouth:2")], "voices": [{"id": "anna"}, {"id": "bert"}]}


async def default(home: Home, preferences: Preferences, **settings: Any) -> str:
    async with running(home, entry("ear", EARS)) as setup:
        router = Router(setup.registry, Settings.model_validate(settings), preferences)
        return (await router.resolve(None, "asr")).model.id


@pytest.mark.parametrize(
    ("preferred", "settings", "found"),
    [
        ("ear:2", {}, "ear:2"),
        ("ear:2", {"defaultAsr": "ear:1"}, "ear:1"),
        ("ear:3", {}, "ear:1"),
        ("apple-speech:en", {}, "ear:1"),
        ("parakeet:v3", {}, "ear:1"),
        (None, {}, "ear:1"),
    ],
    ids=["wish", "settings first", "not installed", "of another system", "alias", "none"],
)
async def test_the_default_recogniser(home: Home, preferred: str | None, settings: dict[str, Any], found: str) -> None:
    assert await default(home, Preferences(transcription_model=preferred), **settings) == found


@pytest.mark.parametrize(
    ("model_id", "voice", "wish", "sent"),
    [
        (None, None, "bert", "bert"),
        (None, "anna", "bert", "anna"),
        ("mouth:1", None, "bert", None),
        (None, None, "gone", None),
    ],
    ids=["wish", "request first", "another model", "no such voice"],
)
async def test_the_preferred_voice_belongs_to_the_preferred_model(
    home: Home, model_id: str | None, voice: str | None, wish: str, sent: str | None
) -> None:
    async with running(home, entry("mouth", MOUTH, kind="tts")) as setup:
        before = setup.runtime.configuration
        preferences = Preferences(synthesis_model="mouth:2", synthesis_voice=wish)
        setup.runtime.configure(
            Configuration(before.entries, before.settings, folder=home.root, preferences=preferences)
        )
        with pytest.raises(errors.ProviderFailed) as failed:
            await setup.runtime.synthesize(SynthesizeRequest("hi", model_id, voice, instructions="params"), CALLER)
        params = json.loads(failed.value.message.partition(": ")[2])
        assert (params["modelId"], params.get("voiceId")) == (model_id or "mouth:2", sent)
