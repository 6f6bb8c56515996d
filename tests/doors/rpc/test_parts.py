"""Calls that answer in parts, through a connection and through real sockets whose reader is slow."""

import asyncio
import base64
import json
import socket
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.doors.conftest import OWNER, PAGE, Talk, talking
from tests.runtime.conftest import until
from tests.runtime.test_streams import audio, listener, partial, provider, speaker, spoken, wav
from vox.doors.rpc.server import Outbox, serve_stream
from vox.paths import Home

pytestmark = pytest.mark.anyio

DONE = {"answer": {"voiceId": "v"}}


async def frames(talk: Talk, method: str, strict: bool = False, /, **params: Any) -> list[dict[str, Any]]:
    """All frames of one call, without what belongs to the dialect."""
    head = {"jsonrpc": "2.0"} if strict else {}
    talk.send({**head, "id": 7, "method": method, "params": params})
    await until(
        lambda: any(frame.get("id") == 7 and not frame.keys().isdisjoint({"result", "error"}) for frame in talk.sent)
    )
    own = [frame.get("params", frame) if strict and "method" in frame else frame for frame in talk.sent]
    return [frame for frame in own if frame.get("id") == 7]


def to_say(*steps: dict[str, Any]) -> dict[str, Any]:
    return {"text": "hello", "stream": True, "instructions": json.dumps(steps)}


@pytest.mark.parametrize("strict", [False, True])
async def test_speech_is_sent_while_it_is_made(home: Home, strict: bool) -> None:
    async with talking(home, speaker(), access=PAGE) as talk:
        steps = [audio(0, b"abcd", sampleRate=8000), audio(1, b"ef"), DONE]
        first, second, last = await frames(talk, "synthesize.generate", strict, **to_say(*steps))
        assert first["event"] == second["event"] == "synthesize.audio"
        known = {"sampleRate": 8000, "whole": False}
        assert first["data"] == {"sequence": 0, "audioBytes": 4, "audioBase64": "YWJjZA==", **known}
        assert second["data"] == {"sequence": 1, "audioBytes": 2, "audioBase64": "ZWY=", **known}
        result = last["result"]
        assert "audioBase64" not in result and (result["format"], result["contentType"]) == ("pcm", "audio/pcm")
        assert (result["voiceId"], result["modelId"], result["durationMs"]) == ("v", "tts:1", 0)
        assert result["metrics"]["firstAudioMs"] > 0


async def test_a_provider_that_does_not_stream_is_one_event(home: Home) -> None:
    async with talking(home, provider("tts")) as talk:
        steps = [{"answer": spoken(wav(bytes(48_000)))}]
        event, last = await frames(talk, "synthesize.generate", **to_say(*steps))
        assert event["data"] | {"audioBase64": ""} == {
            "sequence": 0,
            "sampleRate": 24_000,
            "whole": True,
            "audioBytes": 48_000,
            "audioBase64": "",
        }
        assert last["result"]["durationMs"] == 1000


@pytest.mark.parametrize("strict", [False, True])
async def test_text_is_sent_while_it_is_heard(home: Home, recording: str, strict: bool) -> None:
    steps = [partial("one", stable=True), {"answer": {"text": "one two"}}]
    async with talking(home, listener()) as talk:
        asked = {"path": recording, "partials": True, "prompt": json.dumps(steps)}
        event, last = await frames(talk, "transcribe.file", strict, **asked)
        assert (event["event"], event["data"]) == ("transcribe.partial", {"text": "one", "stable": 3})
        assert last["result"]["text"] == "one two"


async def test_nobody_gets_events_who_did_not_ask(home: Home, recording: str) -> None:
    async with talking(home, listener(), speaker()) as talk:
        asked = {"path": recording, "prompt": json.dumps([{"answer": {"text": "1"}}])}
        assert len(await frames(talk, "transcribe.file", **asked)) == 1
    async with talking(home, speaker()) as talk:
        asked = {**to_say({"answer": spoken(wav(b"ab"))}), "stream": False}
        (only,) = await frames(talk, "synthesize.generate", **asked)
        assert base64.b64decode(only["result"]["audioBase64"]) == wav(b"ab")


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"format": "wav"}, "raw 16-bit samples"),
        ({"format": "mp3"}, "raw 16-bit samples"),
        ({"stream": "yes"}, "stream must be true or false"),
    ],
)
async def test_what_cannot_be_streamed(home: Home, params: dict[str, Any], told: str) -> None:
    async with talking(home, speaker()) as talk:
        (only,) = await frames(talk, "synthesize.generate", **{**to_say(DONE), **params})
        assert told in only["error"]


async def test_a_failure_in_the_middle_comes_behind_what_was_heard(home: Home) -> None:
    async with talking(home, speaker()) as talk:
        first, last = await frames(talk, "synthesize.generate", **to_say(audio(0), audio(0)))
        assert first["event"] == "synthesize.audio"
        assert last["errorInfo"]["code"] == "provider_misbehaved"


async def test_a_cancelled_stream_reaches_the_provider(home: Home, tmp_path: Path) -> None:
    told = tmp_path / "told"
    async with talking(home, speaker(env={"TOLD": str(told)})) as talk:
        talk.send({"id": 7, "method": "synthesize.generate", "params": to_say(audio(0))})
        await until(lambda: len(talk.sent) == 1)
        talk.send({"method": "$/cancel", "params": {"id": 7}})
        await until(lambda: len(talk.sent) == 2)
        assert talk.sent[1]["errorInfo"]["code"] == "cancelled"
        await until(told.exists)


async def test_room_is_waited_for_until_the_client_has_read() -> None:
    outbox, taken, passed = Outbox(lambda: None), anyio.Event(), list[int]()

    async def send(frames: list[bytes]) -> None:
        await taken.wait()

    async def part(number: int) -> None:
        await outbox.room()
        passed.append(number)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(outbox.run, send)
        await outbox.room()
        outbox.put(bytes(2 << 20))
        await anyio.wait_all_tasks_blocked()  # it is being sent now
        tasks.start_soon(part, 1)
        await anyio.wait_all_tasks_blocked()
        assert not passed
        taken.set()
        await anyio.wait_all_tasks_blocked()
        assert passed == [1]
        tasks.cancel_scope.cancel()


async def test_a_slow_reader_does_not_fill_the_memory_nor_stop_the_others(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """24 MB of speech for a client that does not read: what is on its way to it stays small, so that it is not let go;
    another client is served, and the slow one gets all of it once it reads."""
    monkeypatch.setattr("vox.doors.rpc.server._MAX_UNSENT", 4 << 20)
    gate = tmp_path / "gate"
    async with talking(home, speaker(maxConcurrency=2), access=OWNER) as talk, anyio.create_task_group() as tasks:
        here, there = socket.socketpair()
        reader, writer = await asyncio.open_unix_connection(sock=here, limit=1 << 20)
        tasks.start_soon(serve_stream, *await asyncio.open_unix_connection(sock=there), talk.methods, OWNER)
        many = {"send": {"method": "audio", "params": {"id": "$", "sequence": "$n", "audioBase64": "$zeros"}}}
        steps = [{"repeat": 60, "zeros": 400_000, **many}, {"told": str(gate)}, DONE]
        request = {"id": 1, "method": "synthesize.generate", "params": to_say(*steps)}
        reader._transport.pause_reading()
        writer.write(json.dumps(request).encode() + b"\n")
        await until(gate.exists, seconds=20)
        own = await frames(talk, "synthesize.generate", **to_say(audio(0), DONE))
        assert own[-1]["result"]["voiceId"] == "v"
        reader._transport.resume_reading()
        received = [json.loads(await reader.readline()) for _ in range(61)]
        assert [frame["data"]["sequence"] for frame in received[:-1]] == list(range(60))
        assert received[-1]["result"]["durationMs"] == 500_000
        writer.close()
        await writer.wait_closed()
