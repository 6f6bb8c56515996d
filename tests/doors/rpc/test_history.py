"""The methods that look at what was recorded: whose records, who may ask, and the calls that leave some."""

import dataclasses
from typing import Any

import pytest

from tests.doors.conftest import OWNER, PAGE, talking
from tests.runtime.conftest import entry, model
from vox.paths import Home

pytestmark = pytest.mark.anyio

ASR = entry("ear", {"models": [model("ear:1")]})
TTS = entry("mouth", {"models": [model("mouth:1")], "voices": [{"id": "anna"}]}, kind="tts")
METHODS: dict[str, dict[str, Any]] = {
    "history.list": {}, "history.get": {"id": "x"}, "history.delete": {"id": "x"}, "history.clear": {},
    "telemetry.summary": {},
}  # fmt: skip


async def test_a_transcription_tells_under_which_id_it_is_kept(home: Home, recording: str) -> None:
    async with talking(home, ASR, history=True) as talk:
        answer = (await talk.ask("transcribe.file", path=recording, clientId="my-app"))["result"]
        record = (await talk.ask("history.get", id=answer["historyId"]))["result"]["record"]
    expected = {
        "id": answer["historyId"], "kind": "transcription", "source": "file", "route": "transcribe.file",
        "clientId": "my-app", "modelId": "ear:1", "text": "hello world", "words": answer["words"],
        "elapsedMs": answer["elapsedMs"], "metrics": answer["metrics"], "outcome": "ok",
    }  # fmt: skip
    assert expected.items() <= record.items()


async def test_partial_texts_speech_and_failures_are_kept_too(home: Home, recording: str) -> None:
    async with talking(home, ASR, TTS, history=True) as talk:
        heard = (await talk.ask("transcribe.file", path=recording, partials=True))["result"]
        await talk.ask("synthesize.generate", text="good morning")
        await talk.ask("synthesize.generate", text="good night", stream=True)
        await talk.ask("synthesize.generate", text="secret", voiceId="nobody", modelId="mouth:1")
        records = (await talk.ask("history.list"))["result"]["records"]
    told = [(record["kind"], record["outcome"], record.get("text")) for record in records]
    assert told == [
        ("synthesis", "error", None),
        ("synthesis", "ok", "good night"),
        ("synthesis", "ok", "good morning"),
        ("transcription", "ok", "hello world"),
    ]
    assert records[0]["code"] == "voice_not_found" and records[0]["modelId"] == "mouth:1"
    assert records[3]["id"] == heard["historyId"]


async def test_without_the_setting_nothing_is_kept(home: Home, recording: str) -> None:
    async with talking(home, ASR) as talk:
        assert (await talk.ask("transcribe.file", path=recording))["result"]["historyId"] is None
        assert (await talk.ask("history.list"))["result"] == {"records": [], "nextCursor": None, "enabled": False}
    assert not home.history_jsonl.exists()


async def test_pages_and_filters(home: Home, recording: str) -> None:
    async with talking(home, ASR, history=True) as talk:
        for client in ("a", "b", "a", "a"):
            await talk.ask("transcribe.file", path=recording, clientId=client)
        first = (await talk.ask("history.list", clientId="a", limit=2))["result"]
        assert [record["clientId"] for record in first["records"]] == ["a", "a"] and first["enabled"]
        second = (await talk.ask("history.list", clientId="a", limit=2, before=first["nextCursor"]))["result"]
        assert (len(second["records"]), second["nextCursor"]) == (1, None)
        assert len((await talk.ask("history.list", limit=100_000))["result"]["records"]) == 4
        number = second["records"][0]["id"]
        assert (await talk.ask("history.delete", id=number))["result"] == {"deleted": True, "id": number}
        assert (await talk.ask("history.delete", id=number))["result"] == {"deleted": False, "id": number}
        assert (await talk.ask("history.get", id=number))["result"] == {"record": None}
        assert (await talk.ask("history.clear", clientId="b"))["result"] == {"deleted": 1}
        assert (await talk.ask("history.clear"))["result"] == {"deleted": 2}
        assert (await talk.ask("history.list"))["result"]["records"] == []


@pytest.mark.parametrize("method", ["history.get", "history.delete"])
async def test_an_id_is_needed(home: Home, method: str) -> None:
    async with talking(home) as talk:
        assert (await talk.ask(method))["error"] == "Missing history id"


@pytest.mark.parametrize("limit", [0, -1, "many", 0.5])
async def test_a_page_has_at_least_one_record(home: Home, limit: Any) -> None:
    async with talking(home) as talk:
        assert (await talk.ask("history.list", limit=limit))["error"].startswith("limit must be a number")


@pytest.mark.parametrize("method", METHODS)
async def test_records_are_not_for_web_pages(home: Home, method: str) -> None:
    async with talking(home, access=PAGE) as talk:
        refused = await talk.ask(method, **METHODS[method])
        assert refused["errorInfo"]["code"] == "unauthorized" and "web page" in refused["error"]


async def test_a_changed_setting_counts_from_the_next_call_on(home: Home, recording: str) -> None:
    async with talking(home, ASR, access=OWNER) as talk:
        configuration = talk.setup.runtime.configuration
        settings = configuration.settings.model_copy(update={"history": True})
        talk.setup.runtime.configure(dataclasses.replace(configuration, settings=settings))
        assert (await talk.ask("transcribe.file", path=recording))["result"]["historyId"]


async def test_a_summary_of_the_measurements(home: Home, recording: str) -> None:
    async with talking(home, ASR) as talk:
        await talk.ask("transcribe.file", path=recording, clientId="a")
        await talk.ask("transcribe.file", path="/nowhere.wav", clientId="b")
        talk.setup.recorder.flush()
        every = (await talk.ask("telemetry.summary", last=1))["result"]
        assert (every["samples"], every["success"], every["clients"]) == (2, 1, ["a", "b"])
        assert [call["code"] for call in every["recent"]] == ["no_input"]
        ours = (await talk.ask("telemetry.summary", clientId="a", route="transcribe.file"))["result"]
        assert (ours["samples"], ours["byModel"][0]["modelId"]) == (1, "ear:1")
        assert ours["overall"]["totalMs"]["p95"] > 0
