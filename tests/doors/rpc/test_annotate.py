"""Who speaks when: refused plainly, or asked of a provider that declares it."""

from typing import Any

import pytest

from tests.doors.conftest import PAGE, talking
from tests.runtime.conftest import entry, model
from vox.paths import Home

pytestmark = pytest.mark.anyio

PLAIN = {"models": [model("ear:1")]}
ABLE = {
    "models": [
        model("ear:1"),
        model("who:0", installed=False, features=["diarization"]),
        model("who:1", features=["diarization"]),
    ]
}


async def test_nobody_can(home: Home, recording: str) -> None:
    async with talking(home, entry("ear", PLAIN)) as talk:
        for wish in ({}, {"modelId": "speaker-diarization:v1"}):
            answer = await talk.ask("annotate.file", path=recording, **wish)
            assert answer["error"].startswith("unsupported: ") and answer["errorInfo"]["retryable"] is False
        assert (await talk.ask("annotate.file"))["error"] == "Missing path"
        assert (await talk.ask("annotate.file", path=recording, words=["a"]))["errorInfo"]["code"] == "invalid_request"
    async with talking(home, entry("ear", PLAIN), access=PAGE) as talk:
        assert (await talk.ask("annotate.file", path=recording))["errorInfo"]["code"] == "path_not_allowed"


async def test_a_provider_that_declares_it_is_asked(home: Home, recording: str) -> None:
    async with talking(home, entry("plain", PLAIN), entry("able", ABLE, models=None)) as talk:
        words = [{"word": "Hello", "start": 0.0, "end": 0.2}]
        answer = (await talk.ask("annotate.file", path=recording, text="Hello", words=words))["result"]
        turn: dict[str, Any] = {"speakerId": "A", "start": 0.0, "end": 0.5, "confidence": None}
        assert (answer["modelId"], answer["text"], answer["speakers"]) == ("who:1", "Hello", [turn])
        assert answer["words"] == [{"word": "Hello", "start": 0.0, "end": 0.2, "confidence": None, "speakerId": "A"}]
        assert answer["metrics"]["diarizationMs"] == 2.5 and answer["elapsedMs"] >= 0
        (row,) = talk.setup.rows()
        assert (row["route"], row["modelId"], row["outcome"]) == ("annotate.file", "who:1", "ok")
        refused = await talk.ask("annotate.file", path=recording, modelId="ear:1")
        assert refused["error"].startswith("unsupported: ") and "who:1" in refused["error"]
        assert (await talk.ask("annotate.file", path=recording, modelId="who:0"))["errorInfo"][
            "code"
        ] == "model_not_installed"
        assert (await talk.ask("annotate.file", path=f"{recording}.not"))["errorInfo"]["code"] == "no_input"
