"""What one client sends, frame by frame: in order, and read ahead, so that a client that goes is noticed at once, also
while nobody takes what it said."""

import contextlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import anyio
from starlette.websockets import WebSocketDisconnect

__all__ = ["Inbox"]

_MOST = 4 << 20  # characters read ahead, a minute of sound: what a microphone sends while models are loaded
_FRAME = 64  # characters that a frame counts for beside its own


class Inbox:
    """The frames of one socket. `fill` is a task; whoever serves them iterates.

    Args:
        receive: The next message of the socket, in ASGI's words.
    """

    def __init__(self, receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> None:
        self._receive = receive
        self._frames: deque[str | None] = deque()
        self._size = 0
        self._news, self._taken = anyio.Event(), anyio.Event()
        self.gone = anyio.Event()
        """Set when the client has gone."""

    async def fill(self) -> None:
        """Read until the client goes, no further ahead than there is room."""
        with contextlib.suppress(WebSocketDisconnect):
            while (message := await self._receive())["type"] == "websocket.receive":
                await self._put(message.get("text"))
        self.gone.set()
        self._news.set()

    async def _put(self, frame: str | None) -> None:
        while self._frames and self._size + _size(frame) > _MOST:
            self._taken = anyio.Event()
            await self._taken.wait()
        self._frames.append(frame)
        self._size += _size(frame)
        self._news.set()

    def clear(self) -> None:
        """Forget what nobody has taken."""
        self._frames.clear()
        self._size = 0
        self._taken.set()

    async def __aiter__(self) -> AsyncIterator[str | None]:
        """The text of each frame, None for a binary one, until the client has gone: nobody hears the answers to what it
        said last."""
        while not self.gone.is_set():
            if self._frames:
                frame = self._frames.popleft()
                self._size -= _size(frame)
                self._taken.set()
                yield frame
            else:
                self._news = anyio.Event()
                await self._news.wait()


def _size(frame: str | None) -> int:
    return _FRAME + len(frame or "")
