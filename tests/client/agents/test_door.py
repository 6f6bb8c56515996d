"""Asking the door, blocking and on an event loop, and being an agent on one."""

import asyncio
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scripted_door import ScriptedDoor, refused, scripted_door
from vox import AsyncClient, Client, errors

MESSAGES = "/openvip/agents/me/messages"


@pytest.fixture
def door(tmp_path: Path) -> Iterator[ScriptedDoor]:
    with scripted_door(tmp_path / "home") as door:
        door.answers["/openvip/speech"] = 200, {"openvip": "1.0", "status": "ok", "duration_ms": 1250}
        yield door


def test_everything_that_can_be_asked(door: ScriptedDoor) -> None:
    with Client(door.home, start=False) as client:
        assert client.say("hello", voice="low", speed=1.5) == 1.25
        client.hush()
        client.tell_agent("a b", "run it", "submit")
        client.choose_agent("a b")
        assert client.agents() == door.status
        client.door().focus("a b", True)
    speech, stop, sent, chosen, status, focus = door.asked
    assert speech[2]["type"] == "speech" and (speech[2]["voice"], speech[2]["speed"]) == ("low", 1.5)
    assert "model" not in speech[2] and speech[2]["openvip"] == "1.0"
    assert stop[:2] == ("POST", "/openvip/speech/stop") and status[:2] == ("GET", "/openvip/status")
    assert sent[1] == "/openvip/agents/a%20b/messages"
    assert (sent[2]["text"], sent[2]["x_input"]["ops"]) == ("run it", ["submit"])
    assert chosen[2]["command"] == "output.set_agent:a b"
    assert focus[1:] == ("/openvip/api/agents/a%20b/focus", {"focused": True})


def test_what_goes_wrong_is_told(door: ScriptedDoor) -> None:
    with Client(door.home, start=False) as client:
        door.answers["/openvip/speech"] = refused(errors.SpeakerUnavailable("No loudspeaker."))
        with pytest.raises(errors.SpeakerUnavailable, match="No loudspeaker"):
            client.say("hello")
        asking = client.door()
        door.stop()
        with pytest.raises(errors.DaemonUnavailable):
            asking.status()


@pytest.mark.anyio
async def test_on_an_event_loop(door: ScriptedDoor) -> None:
    async with AsyncClient(door.home, start=False) as client:
        async with client.listen("me") as messages:
            await asyncio.to_thread(door.tell, "me", "one", "submit")
            told = await anext(messages)
            assert (told.text, told.ops, told.submit) == ("one", ("submit",), True)
            assert await client.say("hello") == 1.25
            await client.hush()
            await client.tell_agent("me", "more")
            await client.choose_agent("me")
            assert await client.agents() == door.status
        await asyncio.to_thread(door.wait_gone, "me")
        with pytest.raises(StopAsyncIteration):
            await anext(messages)
    assert [path for _, path, _ in door.asked[1:]] == [
        "/openvip/speech",
        "/openvip/speech/stop",
        MESSAGES,
        "/openvip/control",
        "/openvip/status",
    ]


@pytest.mark.anyio
async def test_it_survives_a_restart_and_cancelled_waits(door: ScriptedDoor) -> None:
    async with AsyncClient(door.home, start=False) as client, client.listen("me") as messages:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(messages)
        await asyncio.to_thread(door.tell, "me", "before")
        assert (await anext(messages)).text == "before"
        await asyncio.to_thread(door.stop)
        await asyncio.to_thread(door.start)
        waiting = asyncio.ensure_future(anext(messages))
        await asyncio.to_thread(door.tell, "me", "after")
        assert (await waiting).text == "after"


@pytest.mark.anyio
async def test_refused_given_up_and_closed(door: ScriptedDoor) -> None:
    client = AsyncClient(door.home, start=False)
    async with client.listen("me", resume_s=0.0) as messages:
        waiting = asyncio.ensure_future(anext(messages, None))
        await asyncio.to_thread(door.wait_for, "me")
        await client.close()
        assert await waiting is None
    async with client.listen("me", resume_s=0.0) as messages:
        await asyncio.to_thread(door.stop)
        with pytest.raises(errors.DaemonUnavailable):
            await anext(messages)
    await asyncio.to_thread(door.start)
    door.answers[MESSAGES] = refused(errors.AgentReserved("Nobody's."))
    with pytest.raises(errors.AgentReserved):
        await anext(client.listen("me"))
    await client.close()
