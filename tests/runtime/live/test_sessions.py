"""Who has the microphone, who may end a session, and what others are told of it."""

from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from tests.runtime.conftest import until
from tests.runtime.live.conftest import ME, YOU, Run, Stage, begun, spoken, text_of, under_way
from vox.errors import LiveSessionBusy, LiveSessionNotFound, LiveSessionOwnerMismatch, MicrophoneUnavailable
from vox.runtime.events import Event
from vox.runtime.live.told import Asker, Final, LiveRequest
from vox.testing import FakeMicrophone

pytestmark = pytest.mark.anyio

PAGE = Asker("connection-3", "page")
OWNER = Asker("connection-4", "somebody", owner=True, program=True)


@pytest.fixture
def stage() -> Stage:
    return Stage(FakeMicrophone(spoken(1.0, 2.0)))


async def test_two_clients_do_not_get_one_microphone(stage: Stage) -> None:
    async with begun(stage):
        await stage.reaches("recording")
        session = stage.live.statuses()[0]["sessionId"]
        with pytest.raises(LiveSessionBusy) as raised:
            await stage.live.run(LiveRequest(), YOU, stage.tell)
        assert raised.value.message == f"session {session} is recording for client me; try again when it has ended"
        assert raised.value.details == {"sessionOwner": {"sessionId": session, "clientId": "me", "state": "recording"}}
        with pytest.raises(LiveSessionBusy) as raised:
            await stage.live.run(LiveRequest(), ME, stage.tell)
        assert raised.value.message == f"client me already owns session {session} in recording; stop or cancel it first"
    assert len(stage.rows.rows) == 1, "a session that never was is not measured"


async def test_the_next_may_begin_while_the_last_piece_is_recognised(stage: Stage) -> None:
    async with begun(stage) as first:
        await stage.reaches("recording")
        stage.recogniser.gate.clear()
        stage.microphone.advance(0.5)
        named = stage.live.statuses()[0]["sessionId"]
        async with begun_stop(stage, named) as stop:
            await stage.reaches("processing")
            async with begun(stage, asker=YOU) as second:
                await until(lambda: [s["state"] for s in stage.live.statuses()] == ["processing", "recording"])
                stage.recogniser.gate.set()
                assert text_of(await stop.end()) == "0.5 seconds" == text_of(await first.end())
                await stage.live.stop(None, YOU)
                await second.end()


def begun_stop(stage: Stage, session: str) -> AbstractAsyncContextManager[Run[tuple[str, Final | None]]]:
    return under_way(stage.live.stop(session, ME))


@pytest.mark.parametrize(
    ("asker", "may"),
    [
        (ME, True),
        (OWNER, True),
        (replace(ME, connection="another"), True),
        (YOU, False),
        (PAGE, False),
        (replace(PAGE, client="me"), False),
    ],
)
async def test_who_may_end_a_session(stage: Stage, asker: Asker, may: bool) -> None:
    async with begun(stage) as run:
        await stage.reaches("recording")
        session = stage.live.statuses()[0]["sessionId"]
        if may:
            assert await stage.live.cancel(session, asker) == session == (await run.end())[0]
            return
        for end in (stage.live.stop, stage.live.cancel):
            with pytest.raises(LiveSessionOwnerMismatch) as raised:
                await end(None, asker)
            assert raised.value.details["sessionOwner"]["clientId"] == "me"
        assert stage.live.statuses()[0]["state"] == "recording"


async def test_a_page_ends_what_it_began_itself(stage: Stage) -> None:
    async with begun(stage, asker=PAGE) as run:
        await stage.reaches("recording")
        with pytest.raises(LiveSessionOwnerMismatch):
            await stage.live.stop(None, replace(ME, client="page"))
        await stage.live.stop(None, PAGE)
        await run.end()


async def test_nothing_to_end(stage: Stage) -> None:
    for name in (None, "unknown"):
        for end in (stage.live.stop, stage.live.cancel):
            with pytest.raises(LiveSessionNotFound, match=r"^No active live session$"):
                await end(name, ME)
    async with begun(stage):
        await stage.reaches("recording")
        with pytest.raises(LiveSessionNotFound):
            await stage.live.stop("unknown", OWNER)


async def test_what_others_may_know(stage: Stage) -> None:
    assert stage.live.statuses() == []
    async with begun(stage, LiveRequest(model="ear:1")) as run:
        await stage.reaches("recording")
        (status,) = stage.live.statuses()
        assert status.items() >= {
            "connectionId": "connection-1", "clientId": "me", "modelId": "ear:1", "state": "recording"
        }.items()  # fmt: skip
        assert status["startedAt"].endswith("Z") and status["sessionId"]
        assert stage.events.snapshot(["transcribe.session"]) == {"transcribe.session": {"sessions": [status]}}
        await stage.live.stop(None, ME)
        await run.end()
    assert stage.live.statuses() == []


async def test_listeners_hear_of_every_state_and_of_no_word(stage: Stage) -> None:
    listener = stage.events.subscribe(["transcribe.session"])
    async with begun(stage) as run:
        await stage.reaches("recording")
        stage.microphone.play()
        await stage.live.stop(None, ME)
        await run.end()
    events = [event for _ in range(4) if isinstance(event := listener.next(), Event)]
    assert [event.data["state"] for event in events] == ["starting", "recording", "processing", "done"]
    assert all(event.name == "session.state" and event.data["connectionId"] == "connection-1" for event in events)
    assert "seconds" not in str([event.data for event in events])


async def test_after_a_session_that_failed_another_begins(stage: Stage) -> None:
    stage.microphone.missing = "Gone fishing."
    async with begun(stage) as run:
        with pytest.raises(MicrophoneUnavailable):
            await run.end()
    stage.microphone.missing = ""
    async with begun(stage) as run:
        await until(lambda: stage.microphone.is_open)
        await stage.live.stop(None, ME)
        await run.end()
    assert len(stage.rows.rows) == 2


async def test_a_microphone_is_asked_for_by_name(stage: Stage) -> None:
    async with begun(stage, LiveRequest(device="Another")) as run:
        with pytest.raises(MicrophoneUnavailable, match="Another"):
            await run.end()
