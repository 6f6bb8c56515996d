"""Every method of the client RPC: its parameters, its answer in the published shape, and who may call it."""

import base64
import json
from typing import Any

import pytest

from tests.doors.conftest import OWNER, PAGE, PROGRAM, talking
from tests.runtime.conftest import entry, model
from vox.doors.rpc.handler import Access
from vox.paths import Home

pytestmark = pytest.mark.anyio

ASR = entry("ear", {"models": [model("ear:2", words=True), model("ear:1", installed=False)]})
VOICES = [{"id": "anna", "name": "Anna", "language": "en", "default": True}, {"id": "bob"}]
TTS = entry("mouth", {"models": [model("mouth:1")], "voices": VOICES}, kind="tts")
GHOST = entry("ghost").model_copy(update={"command": ["no-such-program-anywhere"]})


async def test_models_list_is_sorted_and_speaks_of_recognition_unless_told(home: Home) -> None:
    async with talking(home, ASR, TTS) as talk:
        result = (await talk.ask("models.list"))["result"]
        assert [shown["id"] for shown in result["models"]] == ["ear:1", "ear:2"]
        assert result["models"][1].items() >= {
            "id": "ear:2", "name": "ear:2", "backend": "ear", "installed": True, "preloaded": False,
            "available": True, "kind": "asr", "provider": "ear", "words": True, "default": True,
        }.items()  # fmt: skip
        assert not result["models"][0]["default"] and result["problems"] == []
        every = (await talk.ask("models.list", kind="all"))["result"]["models"]
        assert [shown["id"] for shown in every] == ["ear:1", "ear:2", "mouth:1"]
        speech = (await talk.ask("synthesize.models"))["result"]["models"]
        assert [shown["id"] for shown in speech] == ["mouth:1"]


async def test_a_provider_that_fails_is_reported_beside_the_others(home: Home) -> None:
    async with talking(home, GHOST, ASR) as talk:
        result = (await talk.ask("models.list"))["result"]
    assert [shown["id"] for shown in result["models"]] == ["ear:1", "ear:2"]
    (problem,) = result["problems"]
    assert problem["provider"] == "ghost" and problem["code"] == "provider_unavailable" and problem["message"]


@pytest.mark.parametrize("strict", [False, True])
async def test_install_sends_progress_and_the_wrapped_model(home: Home, strict: bool) -> None:
    async with talking(home, ASR) as talk:
        reply = await talk.ask("models.install", strict, modelId="ear:1")
        assert reply["result"]["model"]["id"] == "ear:1" and reply["result"]["model"]["installed"]
        (event,) = [frame for frame in talk.sent if "event" in frame or frame.get("method") == "event"]
        data = {"modelId": "ear:1", "progress": 0.5, "status": "loading"}
        if strict:
            params = {"id": reply["id"], "event": "models.progress", "data": data}
            assert event == {"jsonrpc": "2.0", "method": "event", "params": params}
        else:
            assert event == {"id": reply["id"], "event": "models.progress", "data": data}


async def test_preload(home: Home) -> None:
    async with talking(home, ASR) as talk:
        assert (await talk.ask("models.preload"))["result"]["model"]["preloaded"] is True


async def test_a_transcript_in_the_published_shape(home: Home, recording: str) -> None:
    async with talking(home, ASR) as talk:
        result = (await talk.ask("transcribe.file", path=recording, clientId="app"))["result"]
        assert result.keys() >= {"modelId", "text", "elapsedMs", "metrics", "words", "historyId"}
        assert (result["modelId"], result["text"], result["durationMs"]) == ("ear:2", "hello world", 1000)
        assert result["words"] == [{"word": "hello", "start": 0.0, "end": 0.2, "confidence": 0.5}]
        assert isinstance(result["elapsedMs"], int)
        assert result["metrics"].keys() >= {"traceId", "inferenceMs", "totalMs", "realtimeFactor", "queueMs"}
        (row,) = talk.setup.rows()
        assert (row["clientId"], row["route"]) == ("app", "transcribe.file")
        assert row["traceId"] == result["traceId"]


async def test_speech_in_the_published_shape(home: Home) -> None:
    async with talking(home, TTS) as talk:
        result = (await talk.ask("synthesize.generate", text="hello", voiceId="anna"))["result"]
        assert result.keys() >= {"modelId", "voiceId", "format", "contentType", "audioBase64", "audioBytes", "metrics"}
        audio = base64.b64decode(result["audioBase64"])
        assert len(audio) == result["audioBytes"] and audio.startswith(b"RIFF")
        assert (result["voiceId"], result["format"], result["contentType"]) == ("anna", "wav", "audio/wav")
        assert result["durationMs"] == 500


async def test_voices_in_the_published_shape(home: Home) -> None:
    async with talking(home, TTS, GHOST.model_copy(update={"kind": "tts"})) as talk:
        result = (await talk.ask("synthesize.voices"))["result"]
        assert result["voices"][0] == {
            "id": "anna", "name": "Anna", "language": "en", "backend": "mouth", "modelId": "mouth:1",
            "available": True,
            "default": True,
        }  # fmt: skip
        assert [problem["provider"] for problem in result["problems"]] == ["ghost"]
        named = (await talk.ask("synthesize.voices", modelId="mouth:1"))["result"]
        assert [voice["modelId"] for voice in named["voices"]] == ["mouth:1", "mouth:1"]


async def test_status_starts_nothing(home: Home) -> None:
    async with talking(home, ASR, TTS) as talk:
        result = (await talk.ask("providers.status"))["result"]
        assert [(status["id"], status["state"], status["pid"]) for status in result["providers"]] == [
            ("ear", "stopped", None),
            ("mouth", "stopped", None),
        ]
        expected = {"limit": 1, "inUse": 0, "queued": 0, "generation": 0, "models": [], "builtin": False}
        assert result["providers"][0].items() >= expected.items()


async def test_health_and_doctor_and_stop(home: Home) -> None:
    async with talking(home, access=OWNER) as talk:
        assert (await talk.ask("health"))["result"] == {"service": "Vox"}
        assert (await talk.ask("doctor.run"))["result"] == {"ready": True, "checks": []}
        assert (await talk.ask("daemon.stop"))["result"] == {"stopping": True}
        assert talk.stopped


@pytest.mark.parametrize(
    ("method", "params", "told"),
    [
        ("nothing.here", {}, "Unknown method: nothing.here"),
        ("transcribe.file", {}, "Missing path"),
        ("transcribe.file", {"path": ""}, "Missing path"),
        ("transcribe.file", {"path": 7}, "path must be a string"),
        ("transcribe.file", {"path": "x", "modelId": 7}, "modelId must be a string"),
        ("transcribe.file", {"path": "x", "words": "yes"}, "words must be true or false"),
        ("transcribe.file", {"path": "x", "hotwords": "a"}, "hotwords must be a list of strings"),
        ("transcribe.file", {"path": "x", "hotwords": [1]}, "hotwords must be a list of strings"),
        ("transcribe.file", {"path": "x", "temperature": "hot"}, "temperature must be a number"),
        ("transcribe.file", {"path": "x", "temperature": True}, "temperature must be a number"),
        ("transcribe.file", {"path": "x", "maxWaitMs": -1}, "maxWaitMs must be a number"),
        ("synthesize.generate", {}, "Missing text"),
        ("synthesize.generate", {"text": 7}, "text must be a string"),
        ("synthesize.generate", {"text": ""}, "There is no text to speak."),
        ("synthesize.generate", {"text": " \n\t"}, "There is no text to speak."),
        ("synthesize.generate", {"text": "\x00\x00"}, "There is no text to speak."),
        ("synthesize.generate", {"text": "a", "format": "xyz"}, "Unknown format 'xyz'"),
        ("synthesize.generate", {"text": "a", "speed": 9}, "speed must be a number from 0.25 to 4.0"),
        ("models.list", {"kind": "stt"}, "kind is 'stt'"),
    ],
)
@pytest.mark.parametrize("strict", [False, True])
async def test_wrong_parameters_are_named(
    home: Home, method: str, params: dict[str, Any], told: str, strict: bool
) -> None:
    async with talking(home, ASR, TTS) as talk:
        reply = await talk.ask(method, strict, **params)
    if strict:
        assert reply["error"]["code"] == -32602 and told in reply["error"]["message"]
    else:
        assert reply["error"].startswith(told) and reply["errorInfo"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("transcribe.file", {"path": "/no/such/file.wav"}, "no_input"),
        ("transcribe.file", {"path": "/"}, "no_input"),
        ("transcribe.file", {"path": "a\x00b"}, "no_input"),
        ("transcribe.file", {"path": "~\x00b/c"}, "no_input"),
        ("transcribe.file", {"path": "~no-such-user-at-all/x.wav"}, "no_input"),
        ("transcribe.file", {"path": "x" * 5000}, "no_input"),
        ("transcribe.file", {"path": __file__}, "unsupported_audio"),
        ("transcribe.file", {"path": __file__, "modelId": "nobody:1"}, "model_not_found"),
        ("transcribe.file", {"path": __file__, "modelId": "ear:1"}, "model_not_installed"),
        ("synthesize.generate", {"text": "a", "voiceId": "carl"}, "voice_not_found"),
        ("models.preload", {"modelId": "nobody:1"}, "model_not_found"),
        ("synthesize.voices", {"modelId": "nobody:1"}, "model_not_found"),
    ],
)
async def test_what_is_not_there_is_typed(home: Home, method: str, params: dict[str, Any], code: str) -> None:
    async with talking(home, ASR, TTS) as talk:
        reply = await talk.ask(method, **params)
    assert reply["errorInfo"]["code"] == code
    assert reply["error"] == f"{code}: {reply['errorInfo']['message']}"


@pytest.mark.parametrize(
    ("method", "params", "page", "program", "owner"),
    [
        ("transcribe.file", {"path": "/no/such.wav"}, "path_not_allowed", "no_input", "no_input"),
        ("models.install", {"modelId": "nobody:1"}, "unauthorized", "model_not_found", "model_not_found"),
        ("daemon.stop", {}, "unauthorized", "unauthorized", None),
        ("providers.call", {"id": "ear", "method": "echo"}, "unauthorized", "unauthorized", None),
        ("synthesize.voices", {}, None, None, None),
    ],
)
async def test_rights(
    home: Home, method: str, params: dict[str, Any], page: str | None, program: str | None, owner: str | None
) -> None:
    expected: list[tuple[Access, str | None]] = [(PAGE, page), (PROGRAM, program), (OWNER, owner)]
    for access, code in expected:
        async with talking(home, ASR, TTS, access=access) as talk:
            reply = await talk.ask(method, **params)
        assert reply.get("errorInfo", {}).get("code") == code


async def test_a_raw_call_gives_the_answer_as_it_is(home: Home) -> None:
    async with talking(home, ASR, access=OWNER) as talk:
        reply = await talk.ask("providers.call", id="ear", method="echo", params={"a": [1, None]})
        assert reply["result"] == {"result": {"a": [1, None]}}
        for bad in ({"id": "nobody", "method": "echo"}, {"id": "ear"}, {"id": "ear", "method": "echo", "params": 7}):
            assert (await talk.ask("providers.call", **bad))["errorInfo"]["code"] == "invalid_request"
        wrong_kind = await talk.ask("providers.call", id="ear", kind="stt", method="echo")
        assert wrong_kind["errorInfo"]["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("strict", "given", "sent"),
    [(False, {}, True), (True, {}, None), (False, {"words": False}, False), (True, {"words": True}, True)],
)
async def test_words_come_unasked_to_the_published_client_only(
    home: Home, recording: str, strict: bool, given: dict[str, bool], sent: bool | None
) -> None:
    async with talking(home, ASR) as talk:
        reply = await talk.ask("transcribe.file", strict, path=recording, prompt="params", **given)
    told = reply["error"]["message"] if strict else reply["error"]
    assert json.loads(told[told.index("{") :]).get("words") is sent


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "🙂" * 1000, "a\x00b", "\ud83d half", "e\u0301" * 100, "\u202e\u0000x"]
)
async def test_odd_texts_are_spoken(home: Home, text: str) -> None:
    async with talking(home, TTS) as talk:
        reply = await talk.ask("synthesize.generate", text=text)
        assert reply["result"]["audioBytes"] > 0
        (row,) = talk.setup.rows()
        assert row["characterCount"] == len(text.replace("\x00", ""))


async def test_every_parameter_reaches_the_provider(home: Home, recording: str) -> None:
    given = {"language": "de", "hotwords": ["Vox"], "temperature": 0.5, "task": "translate", "words": True}
    spoken = {"speed": 1.5, "language": "de", "voiceId": "anna"}
    async with talking(home, ASR, TTS) as talk:
        heard = await talk.ask("transcribe.file", path=recording, prompt="params", maxWaitMs=5000, **given)
        said = await talk.ask("synthesize.generate", text="hi", instructions="params", maxWaitMs=5000, **spoken)
    seen = json.loads(heard["error"][heard["error"].index("{") :])
    assert given.items() <= seen.items() and seen["modelId"] == "ear:2"
    seen = json.loads(said["error"][said["error"].index("{") :])
    assert (spoken | {"input": "hi", "format": "wav", "modelId": "mouth:1"}).items() <= seen.items()


async def test_a_number_without_end_is_none(home: Home) -> None:
    async with talking(home, ASR) as talk:
        talk.send(b'{"id": "1", "method": "transcribe.file", "params": {"path": "x", "temperature": 1e999}}')
        (reply,) = await talk.answers("1")
    assert reply["error"] == "temperature must be a number."


async def test_a_text_over_the_cap_is_refused(home: Home) -> None:
    async with talking(home, TTS) as talk:
        reply = await talk.ask("synthesize.generate", text="a" * 1_000_001)
    assert reply["errorInfo"]["code"] == "invalid_request" and "1000000" in reply["error"]
