"""Frames are read ahead of whoever serves them, but not far."""

from typing import Any

import anyio
import pytest
from starlette.websockets import WebSocketDisconnect

from vox.doors.realtime import inbox as inboxes
from vox.doors.realtime.inbox import Inbox

pytestmark = pytest.mark.anyio


class Socket:
    """Has received these frames, and receives nothing more until its client goes."""

    def __init__(self, *frames: str | bytes, breaks: bool = False) -> None:
        self._frames, self._breaks = list(frames), breaks
        self.gone = anyio.Event()

    @property
    def unread(self) -> int:
        return len(self._frames)

    async def receive(self) -> dict[str, Any]:
        if self._frames:
            frame = self._frames.pop(0)
            return {"type": "websocket.receive", "bytes" if isinstance(frame, bytes) else "text": frame}
        await self.gone.wait()
        if self._breaks:
            raise WebSocketDisconnect
        return {"type": "websocket.disconnect"}


@pytest.mark.parametrize("breaks", [False, True])
async def test_frames_come_in_their_order_until_the_client_goes(breaks: bool) -> None:
    frames = [str(index) for index in range(100)]
    socket = Socket(*frames, b"\0", breaks=breaks)
    inbox, taken = Inbox(socket.receive), list[str | None]()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(inbox.fill)
        async for frame in inbox:
            taken.append(frame)
            if frame is None:
                socket.gone.set()
    assert taken == [*frames, None]


async def test_a_client_that_goes_is_noticed_before_anyone_takes_what_it_said() -> None:
    socket = Socket("one", "two")
    socket.gone.set()
    inbox = Inbox(socket.receive)
    with anyio.fail_after(5):
        await inbox.fill()
    assert inbox.gone.is_set()
    assert [frame async for frame in inbox] == []


async def test_a_client_is_not_read_further_ahead_than_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inboxes, "_MOST", 10_000)
    socket = Socket("A" * 20_000, *("A" * 4000 for _ in range(10)))
    inbox, taken = Inbox(socket.receive), 0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(inbox.fill)
        await anyio.wait_all_tasks_blocked()
        assert socket.unread == 9 and not inbox.gone.is_set()  # one frame of any size, and the one that has to wait
        async for _ in inbox:
            taken += 1
            if taken == 11:
                socket.gone.set()


async def test_what_nobody_takes_is_forgotten_when_asked() -> None:
    socket = Socket("one", "two")
    inbox = Inbox(socket.receive)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(inbox.fill)
        await anyio.wait_all_tasks_blocked()
        inbox.clear()
        socket.gone.set()
    assert [frame async for frame in inbox] == []
