"""Events on their way out."""

import anyio
import pytest

from vox.doors.realtime.outbox import Outbox

pytestmark = pytest.mark.anyio

AUDIO = "response.output_audio.delta"
CHUNK = "A" * 100_000


async def test_events_come_out_as_they_went_in_each_with_an_id() -> None:
    outbox = Outbox()
    outbox.emit("one", value=None)
    outbox.emit("two", nested={"list": [1, "two"]})
    outbox.close()
    events = [event async for event in outbox]
    assert [event["type"] for event in events] == ["one", "two"]
    assert events[0] == {"type": "one", "event_id": events[0]["event_id"], "value": None}
    assert events[0]["event_id"] != events[1]["event_id"] and events[0]["event_id"].startswith("event_")


async def test_the_writer_waits_for_what_comes() -> None:
    outbox, seen = Outbox(), list[str]()

    async def write() -> None:
        async for event in outbox:
            seen.append(event["type"])

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            await anyio.wait_all_tasks_blocked()
            outbox.emit("one")
            await anyio.wait_all_tasks_blocked()
            assert seen == ["one"]
            outbox.emit("two")
            outbox.close()
            outbox.close()
            outbox.emit("too late")
    assert seen == ["one", "two"] and len(outbox) == 0


async def test_a_reply_waits_while_much_of_its_sound_is_not_taken() -> None:
    outbox = Outbox()
    with anyio.fail_after(5):
        for _ in range(10):
            outbox.emit(AUDIO, response_id="r", delta=CHUNK)
            await outbox.room()
        outbox.emit(AUDIO, response_id="r", delta=CHUNK)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outbox.room)
            await anyio.wait_all_tasks_blocked()
            outbox.emit("session.updated")  # what is no sound never waits
            assert outbox.take()["type"] == AUDIO


async def test_a_closed_outbox_lets_everyone_go() -> None:
    outbox = Outbox()
    for _ in range(20):
        outbox.emit(AUDIO, response_id="r", delta=CHUNK)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outbox.room)
            await anyio.wait_all_tasks_blocked()
            outbox.close()


async def test_the_sound_of_a_cancelled_response_is_dropped_and_nothing_else() -> None:
    outbox = Outbox()
    outbox.emit("response.output_audio_transcript.delta", response_id="r", delta="hello")
    for response in ("r", "other", "r"):
        outbox.emit(AUDIO, response_id=response, delta="A" * 2_000_000)
    outbox.emit("response.done", response={"id": "r"})
    outbox.drop_audio("r")
    outbox.close()
    left = [(event["type"], event.get("response_id")) async for event in outbox]
    assert left == [("response.output_audio_transcript.delta", "r"), (AUDIO, "other"), ("response.done", None)]
    with anyio.fail_after(5):
        await outbox.room()


async def test_dropping_sound_makes_room() -> None:
    outbox = Outbox()
    outbox.emit(AUDIO, response_id="r", delta="A" * 2_000_000)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(outbox.room)
            await anyio.wait_all_tasks_blocked()
            outbox.drop_audio("r")


async def test_a_client_that_takes_nothing_is_let_go() -> None:
    gone = list[str]()
    outbox = Outbox(lambda: gone.append("gone"))
    for _ in range(700):
        outbox.emit("conversation.item.retrieved", item={"content": [{"audio": CHUNK}]})
    assert gone == ["gone"] and outbox.closed
    assert 600 < len(outbox) < 700


async def test_what_nobody_takes_is_forgotten_when_asked() -> None:
    outbox = Outbox()
    for _ in range(20):
        outbox.emit(AUDIO, response_id="r", delta=CHUNK)
    outbox.close()
    outbox.clear()
    assert [event async for event in outbox] == []
    with anyio.fail_after(5):
        await outbox.room()
