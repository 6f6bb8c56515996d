"""A waiting call: how urgent it is, how long it may take, and who is told where it stands."""

from pathlib import Path
from typing import Any

import pytest

from tests.doors.conftest import Talk, talking
from tests.runtime.conftest import entry, model, until
from vox.paths import Home

pytestmark = pytest.mark.anyio

EAR = entry("ear", {"models": [model("ear:1")]})
MOUTH = entry("mouth", {"models": [model("mouth:1")]}, kind="tts", maxConcurrency=1)


async def waiting(talk: Talk, count: int) -> None:
    await until(lambda: talk.setup.registry.providers[0].limiter.snapshot().queued == count)


def hold(talk: Talk, recording: str, gate: Path) -> None:
    talk.send({"id": "held", "method": "transcribe.file", "params": {"path": recording, "prompt": f"gate {gate}"}})


def events(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [frame["data"] for frame in frames if frame.get("event") == "queue.position"]


async def test_interactive_calls_go_before_batch(home: Home, recording: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with talking(home, EAR) as talk:
        hold(talk, recording, gate)
        await until(lambda: talk.setup.registry.providers[0].limiter.in_use == 1)
        for number, priority in enumerate(["batch", None, "interactive"]):
            params = {"path": recording, "priority": priority, "prompt": f"say {number}"}
            talk.send({"id": str(number), "method": "transcribe.file", "params": params})
            await waiting(talk, number + 1)
        gate.touch()
        await talk.answers("0")
        order = [frame["id"] for frame in talk.sent if "result" in frame]
    assert order == ["held", "1", "2", "0"]


@pytest.mark.parametrize("method", ["transcribe.file", "synthesize.generate"])
async def test_an_unknown_priority_is_named(home: Home, recording: str, method: str) -> None:
    async with talking(home, EAR, MOUTH) as talk:
        for given in ("urgent", 5):
            reply = await talk.ask(method, path=recording, text="hi", priority=given)
            assert reply["errorInfo"]["code"] == "invalid_request" and "priority" in reply["error"]


@pytest.mark.parametrize("flag", ["progress", "partials"])
async def test_one_who_asks_is_told_where_the_call_stands(
    home: Home, recording: str, tmp_path: Path, flag: str
) -> None:
    gate = tmp_path / "gate"
    async with talking(home, EAR) as talk:
        hold(talk, recording, gate)
        await until(lambda: talk.setup.registry.providers[0].limiter.in_use == 1)
        for number in (1, 2):
            params: dict[str, Any] = {"path": recording, "clientId": "same"} | ({flag: True} if number == 2 else {})
            talk.send({"id": number, "method": "transcribe.file", "params": params})
            await waiting(talk, number)
        await until(lambda: len(events(talk.sent)) == 1)
        assert events(talk.sent) == [
            {"position": 2, "queued": 2, "limit": 1, "inUse": 1, "retryAfterMs": events(talk.sent)[0]["retryAfterMs"]}
        ]
        talk.send({"method": "$/cancel", "params": {"id": 1}})
        await until(lambda: len(events(talk.sent)) == 2)
        assert events(talk.sent)[1]["position"] == 1
        gate.touch()
        frames = await talk.answers(2)
    assert frames[-1]["result"]["text"] == "hello world"
    assert events(frames)[-1]["position"] == 0
    assert {frame["id"] for frame in talk.sent if "event" in frame} == {2}


async def test_speech_waits_in_the_same_way(home: Home, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with talking(home, MOUTH) as talk:
        for number, order in ((1, f"gate {gate}"), (2, "")):
            params = {"text": "hi", "instructions": order, "progress": True}
            talk.send({"jsonrpc": "2.0", "id": number, "method": "synthesize.generate", "params": params})
            await until(lambda: talk.setup.registry.providers[0].limiter.in_use == 1)
        await until(lambda: any(frame.get("method") == "event" for frame in talk.sent))
        (event,) = [frame["params"] for frame in talk.sent if frame.get("method") == "event"]
        assert (event["id"], event["event"], event["data"]["position"]) == (2, "queue.position", 1)
        gate.touch()
        assert (await talk.answers(2))[-1]["result"]["audioBytes"]
        positions = [frame["params"]["data"]["position"] for frame in talk.sent if frame.get("method") == "event"]
        assert positions == [1, 0]


async def test_a_call_that_may_not_wait_is_refused_before_its_audio_is_looked_at(
    home: Home, recording: str, tmp_path: Path
) -> None:
    gate, nothing = tmp_path / "gate", tmp_path / "not-audio.wav"
    nothing.write_bytes(b"this is no audio at all")
    async with talking(home, EAR) as talk:
        hold(talk, recording, gate)
        await until(lambda: talk.setup.registry.providers[0].limiter.in_use == 1)
        reply = await talk.ask("transcribe.file", path=str(nothing), maxWaitMs=0)
        info = reply["errorInfo"]
        assert (info["code"], info["limit"], info["inUse"], info["queued"]) == ("provider_busy", 1, 1, 0)
        assert info["retryAfterMs"] > 0
        late = await talk.ask("transcribe.file", path=recording, maxWaitMs=30)
        assert late["errorInfo"]["code"] == "queue_timeout" and late["errorInfo"]["waitedMs"] >= 30
        gate.touch()
        await talk.answers("held")


async def test_the_state_of_each_process_is_told(home: Home, recording: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with talking(home, EAR.model_copy(update={"replicas": 2})) as talk:
        hold(talk, recording, gate)
        await until(lambda: talk.setup.registry.providers[0].limiter.in_use == 1)
        (status,) = (await talk.ask("providers.status"))["result"]["providers"]
        assert status["limit"] == 2 and status["inUse"] == 1
        first, second = status["replicas"]
        assert (first["replica"], first["state"], first["inUse"], first["generation"]) == (0, "busy", 1, 1)
        assert first["pid"] == status["pid"]
        assert (second["replica"], second["state"], second["pid"], second["generation"]) == (1, "stopped", None, 0)
        gate.touch()
        await talk.answers("held")
