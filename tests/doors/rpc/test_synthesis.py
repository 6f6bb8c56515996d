"""Sessions of synthesis: pieces that make one file, states, who may end what, and any number at once."""

import base64
import io
import json
import wave
from typing import Any

import anyio
import pytest

from tests.doors.conftest import OWNER, PAGE, Talk, talking
from tests.runtime.conftest import content, entry, until
from vox.doors.rpc.connection import Connection
from vox.doors.rpc.groups.synthesis import MAX_PIECE
from vox.doors.rpc.handler import Access
from vox.paths import Home

pytestmark = pytest.mark.anyio

PLAIN = {
    "models": [{"id": "mouth:1"}],
    "voices": [{"id": "anna"}, {"id": "bert", "default": True}],
    "features": ["cancel"],
}
STREAMING = {**PLAIN, "features": ["cancel", "synthesize.stream"], "maxConcurrency": 4}
EAR = {"models": [{"id": "ear:1"}]}


def mouth(spec: dict[str, Any] = STREAMING) -> Any:
    return entry("mouth", spec, kind="tts")


def events(frames: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    return [frame["data"] for frame in frames if frame.get("event") == name]


def states(frames: list[dict[str, Any]]) -> list[tuple[str | None, str]]:
    return [(data["previous"], data["state"]) for data in events(frames, "session.state")]


def joined(frames: list[dict[str, Any]]) -> bytes:
    pieces = events(frames, "session.audio")
    assert [piece["sequence"] for piece in pieces] == list(range(len(pieces)))
    audio = [base64.b64decode(piece["audioBase64"], validate=True) for piece in pieces]
    assert [len(piece) for piece in audio] == [piece["audioBytes"] for piece in pieces]
    assert all(0 < len(piece) <= MAX_PIECE for piece in audio)
    return b"".join(audio)


def samples(file: bytes) -> bytes:
    with wave.open(io.BytesIO(file), "rb") as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (16_000, 1, 2)
        return reader.readframes(reader.getnframes())


async def begin(talk: Talk, name: str, **params: Any) -> None:
    talk.send({"id": name, "method": "synthesize.startSession", "params": {"clientId": "app", "text": "hi", **params}})


async def test_the_pieces_of_a_stream_are_one_file(home: Home) -> None:
    async with talking(home, mouth()) as talk:
        await begin(talk, "a")
        frames = await talk.answers("a")
        assert states(frames) == [(None, "starting"), ("starting", "processing"), ("processing", "done")]
        file, final = joined(frames), frames[-1]["result"]
        assert samples(file) == bytes(16_000)
        assert {
            (p["modelId"], p["voiceId"], p["format"], p["contentType"]) for p in events(frames, "session.audio")
        } == {("mouth:1", "bert", "wav", "audio/wav")}
        assert events(frames, "session.final") == [final]
        assert final["audioBytes"] == len(file) and final["durationMs"] == 500
        assert (final["modelId"], final["format"], final["contentType"]) == ("mouth:1", "wav", "audio/wav")
        header = base64.b64decode(final["headerBase64"])
        assert header[:4] == b"RIFF" and int.from_bytes(header[4:8], "little") == len(file) - 8
        assert samples(header + file[44:]) == bytes(16_000)


@pytest.mark.parametrize(("spec", "wish"), [(PLAIN, {}), (STREAMING, {"stream": False})])
async def test_what_comes_at_once_has_its_length_in_the_header(
    home: Home, spec: dict[str, Any], wish: dict[str, Any]
) -> None:
    async with talking(home, mouth(spec)) as talk:
        await begin(talk, "a", voiceId="anna", **wish)
        frames = await talk.answers("a")
        file = joined(frames)
        assert int.from_bytes(file[4:8], "little") == len(file) - 8 and samples(file) == bytes(16_000)
        assert "headerBase64" not in frames[-1]["result"]
        assert {piece["voiceId"] for piece in events(frames, "session.audio")} == {"anna"}


async def test_other_formats(home: Home) -> None:
    async with talking(home, mouth()) as talk:
        await begin(talk, "pcm", format="pcm")
        await begin(talk, "flac", format="flac")
        assert joined(await talk.answers("pcm")) == bytes(16_000)
        assert joined(await talk.answers("flac")).startswith(b"fLaC")
        refused = await talk.ask("synthesize.startSession", text="hi", format="midi")
        assert refused["errorInfo"]["code"] == "invalid_request" and "midi" in refused["error"]
        assert (await talk.ask("synthesize.startSession"))["error"] == "Missing text"


async def test_a_failure_ends_the_session_with_its_error(home: Home) -> None:
    async with talking(home, mouth()) as talk:
        await begin(talk, "a", instructions="error no breath")
        frames = await talk.answers("a")
        assert states(frames)[-1] == ("processing", "error")
        assert frames[-1]["error"].startswith("provider_error: ") and not events(frames, "session.final")
        await begin(talk, "b", modelId="nobody:1")
        frames = await talk.answers("b")
        assert states(frames) == [(None, "starting"), ("starting", "error")]
        assert (await talk.ask("synthesize.sessionStatus"))["result"] == {"session": None, "sessions": []}


async def test_several_sessions_and_their_status(home: Home) -> None:
    async with talking(home, mouth()) as talk:
        await begin(talk, "a", instructions="hang", text="one")
        await begin(talk, "b", instructions="hang", text="three")
        await until(lambda: len(events(talk.sent, "session.state")) == 4)
        status = (await talk.ask("synthesize.sessionStatus", clientId="app"))["result"]
        first, second = status["sessions"]
        assert status["session"] == second
        assert second == {
            "sessionId": events(talk.sent, "session.state")[-1]["sessionId"],
            "connectionId": second["connectionId"],
            "clientId": "app",
            "modelId": "mouth:1",
            "voiceId": "bert",
            "textLength": 5,
            "startedAt": second["startedAt"],
            "state": "processing",
        }
        answer = (await talk.ask("synthesize.cancel", clientId="app", sessionId=first["sessionId"]))["result"]
        assert answer == {"cancelled": True, "sessionId": first["sessionId"]}
        frames = await talk.answers("a")
        assert frames[-1]["result"] == answer and states(frames)[-1] == ("processing", "cancelled")
        assert (await talk.ask("synthesize.cancel", clientId="app"))["result"]["sessionId"] == second["sessionId"]
        gone = await talk.ask("synthesize.cancel", clientId="app", sessionId=first["sessionId"])
        assert gone["error"] == "No active synthesis session"
        assert (await talk.ask("synthesize.cancel"))["error"] == "No active synthesis session"


@pytest.mark.parametrize(
    ("access", "client", "outcome"),
    [
        (Access(connection="other"), "stranger", "unauthorized: "),
        (Access(connection="other"), "app", ""),
        (Access(connection="other", owner=True), "stranger", ""),
        (Access(connection="other", files=False), "app", "No active synthesis session"),
    ],
)
async def test_who_may_end_a_session(home: Home, access: Access, client: str, outcome: str) -> None:
    async with talking(home, mouth()) as talk:
        await begin(talk, "a", instructions="hang")
        await until(lambda: len(events(talk.sent, "session.state")) == 2)
        name = events(talk.sent, "session.state")[0]["sessionId"]
        heard: list[bytes] = []
        other = Connection(talk.methods, access, heard.append, talk.connection._tasks)
        asked = {"id": "x", "method": "synthesize.cancel", "params": {"clientId": client, "sessionId": name}}
        other.receive(json.dumps(asked).encode())
        await until(lambda: bool(heard))
        told = json.loads(heard[0])
        assert told["error"].startswith(outcome) if outcome else told["result"]["cancelled"] is True
        if not outcome:
            assert (await talk.answers("a"))[-1]["result"] == {"cancelled": True, "sessionId": name}


async def test_a_connection_that_ends_ends_its_sessions_and_no_other(home: Home) -> None:
    async with talking(home, mouth()) as talk:
        await begin(talk, "mine", instructions="hang")
        heard: list[bytes] = []
        async with anyio.create_task_group() as tasks:
            other = Connection(talk.methods, Access(), heard.append, tasks)
            params = {"clientId": "gone", "text": "hi", "instructions": "hang"}
            for name in ("a", "b"):
                other.receive(json.dumps({"id": name, "method": "synthesize.startSession", "params": params}).encode())
            await until(lambda: sum(b"processing" in frame for frame in heard) == 2)
            status = (await talk.ask("synthesize.sessionStatus", clientId="app"))["result"]
            assert len(status["sessions"]) == 3 and status["session"]["clientId"] == "app"
            tasks.cancel_scope.cancel()
        status = (await talk.ask("synthesize.sessionStatus", clientId="app"))["result"]
        assert [session["clientId"] for session in status["sessions"]] == ["app"]
        provider = talk.setup.registry.get("mouth")
        assert provider is not None
        await until(lambda: provider.limiter.snapshot().in_use == 1)


async def test_a_cancelled_call_is_a_cancelled_session(home: Home) -> None:
    async with talking(home, mouth(), access=PAGE) as talk:
        listener = talk.setup.runtime.events.subscribe(["synthesize.session"])
        await begin(talk, "a", instructions="hang")
        await until(lambda: len(events(talk.sent, "session.state")) == 2)
        talk.send({"method": "$/cancel", "params": {"id": "a"}})
        frames = await talk.answers("a")
        assert frames[-1]["error"].startswith("cancelled: ") and states(frames)[-1] == ("processing", "cancelled")
        told = [(await anext(listener)).data for _ in range(3)]
        assert [(data["previous"], data["state"]) for data in told] == states(frames)
        assert talk.setup.runtime.events.snapshot(["synthesize.session"]) == {"synthesize.session": {"sessions": []}}


async def test_timing_is_an_addition_that_may_fail(home: Home, recording: Any) -> None:
    async with talking(home, mouth(), entry("ear", EAR)) as talk:
        cues = [{"id": "x", "text": "world"}, {"id": "y", "textStart": 0, "textEnd": 5}, {"id": "z", "text": "moon"}]
        wish = {"enabled": True, "cues": cues}
        await begin(talk, "a", text="Hello world", speechTiming=wish)
        final = (await talk.answers("a"))[-1]["result"]
        timing = final["speechTiming"]
        assert (timing["source"], timing["modelId"]) == ("asr", "ear:1") and timing["elapsedMs"] >= 0
        assert timing["words"] == [
            {"word": "hello", "startMs": 0, "endMs": 200, "confidence": 0.5, "sourceTextStart": 0, "sourceTextEnd": 5}
        ]
        assert [cue["id"] for cue in timing["cues"]] == ["x", "y"]
        assert timing["cues"][1] == {"id": "y", "startMs": 0, "endMs": 200, "confidence": 0.5, "source": "asr"}
        for method in ("synthesize.generate", "synthesize.startSession"):
            for wish in ({"alignment": True}, {"alignment": True, "stream": method.endswith("generate")}):
                answer = (await talk.ask(method, text="Hello world", **wish))["result"]
                assert answer["speechTiming"]["cues"] == [] and answer["speechTiming"]["source"] == "asr"
        answer = await talk.ask("synthesize.generate", text="Hello", speechTiming={"modelId": "deaf:1"}, format="pcm")
        assert "speechTiming" not in answer["result"] and answer["result"]["audioBytes"] == 16_000
        for off in (False, {"enabled": False, "cues": 7}):
            assert "speechTiming" not in (await talk.ask("synthesize.generate", text="Hi", speechTiming=off))["result"]


@pytest.mark.parametrize(
    "wish",
    [
        "yes",
        {"cues": 7},
        {"cues": ["a"]},
        {"cues": [{"id": "a"}]},
        {"cues": [{"text": "a"}]},
        {"cues": [{"id": "a", "textStart": 1}]},
        {"cues": [{"id": 1, "text": "a"}]},
    ],
)
async def test_cues_that_cannot_be_read(home: Home, wish: Any) -> None:
    async with talking(home, mouth()) as talk:
        answer = await talk.ask("synthesize.generate", text="hi", speechTiming=wish)
        assert answer["errorInfo"]["code"] == "invalid_request"


async def test_lent_keys_reach_only_who_takes_them(home: Home) -> None:
    lent = {
        "openaiApiKey": " sk-lent-for-a-call ",
        "GROQ_API_KEY": "",
        "ELEVENLABS_API_KEY": "eleven-secret",
        "nv_api_key": 7,
    }
    async with talking(home, mouth({**PLAIN, "features": ["credentials"]}), access=OWNER) as talk:
        answer = await talk.ask("synthesize.generate", text="hi", credentials=lent, instructions="params")
        assert '"credentials": {"OPENAI_API_KEY": "[redacted]"}' in answer["error"]
        talk.setup.recorder.flush()
        assert b"sk-lent" not in content(home.performance_jsonl)
    async with talking(home, mouth(), access=OWNER) as talk:
        answer = await talk.ask("synthesize.generate", text="hi", credentials=lent, instructions="params")
        assert "params" in answer["error"] and "credentials" not in answer["error"] and "lent" not in answer["error"]
        refused = await talk.ask("synthesize.generate", text="hi", credentials="sk-all-of-it")
        assert refused["error"] == "credentials must be an object."
