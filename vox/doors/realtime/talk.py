"""One open socket: frames in, events out, and its end.

A mistake of the client is told in an `error` event and never closes the connection. It closes with 1000 after silence
for too long, 1001 when its time is over or the daemon ends, 1011 after a fault of ours, 1013 when the client leaves
what it is sent unread.
"""

import asyncio
import contextlib
import math
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio
import orjson
from anyio.abc import TaskGroup
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from vox.doors.realtime.admission import Opening
from vox.doors.realtime.beta import incoming, outgoing
from vox.doors.realtime.dialect import Knock
from vox.doors.realtime.inbox import Inbox
from vox.doors.realtime.limits import Ending, Life
from vox.doors.realtime.outbox import Event, Outbox
from vox.doors.realtime.services import Services
from vox.doors.realtime.session import Session
from vox.doors.realtime.wire import MAX_FRAME, EventError, event_id_of, new_id, read_event
from vox.log import get_logger
from vox.runtime.requests import Caller

__all__ = ["GOING_AWAY", "Talk"]

GOING_AWAY = 1001
"""Close code of a session that is over, or whose daemon ends."""

_DONE, _FAULT, _TRY_LATER = 1000, 1011, 1013
_LAST_WORDS_S = 5.0  # for what was said before the end to be sent
_CLOSE_S = 1.0
_APPEND = "input_audio_buffer.append"

_log = get_logger()


class Talk:
    """One session on its socket."""

    def __init__(self, socket: WebSocket, knock: Knock, opening: Opening, services: Services) -> None:
        self._socket, self._knock, self._allowance = socket, knock, opening.allowance
        self._inbox, self._outbox = Inbox(socket.receive), Outbox(lambda: self.end(_TRY_LATER))
        caller = Caller(client=opening.config.id, method="realtime")
        self._session = Session(services, opening.config, self._outbox, caller)
        settings = services.settings()
        idle_ms = settings.max_idle_duration_ms
        call_s = settings.max_call_duration_ms / 1000
        self._life = Life(call_s, None if idle_ms is None else idle_ms / 1000, self._warn)
        self._code = _DONE
        self._tasks: TaskGroup | None = None
        self.over = anyio.Event()
        """Set when the socket is closed."""

    async def run(self) -> None:
        """Serve it to its end."""
        try:
            await self._serve()
        finally:
            self._inbox.clear()
            self._outbox.clear()

    async def _serve(self) -> None:
        await self._socket.accept(subprotocol=self._knock.subprotocol)
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            tasks.start_soon(self._inbox.fill)
            tasks.start_soon(self._write)
            tasks.start_soon(self._live)
            async with aclosing(self._events()) as events:
                try:
                    await self._session.run(events, self._inbox.gone)
                except Exception:  # of ours, whatever it is: it ends this session, never the daemon
                    _log.exception("realtime.session_failed")
                    self._tell(EventError(None, "The session failed. See the daemon's log.", type="server_error"))
                    self.end(_FAULT)
                else:
                    self.end(self._code)
        await self._close()

    def end(self, code: int) -> None:
        """Nothing is said after what was said until now; the socket closes when that is sent."""
        self._code = code
        self._outbox.close()
        if self._tasks is not None:
            asyncio.get_running_loop().call_later(_LAST_WORDS_S, self._tasks.cancel_scope.cancel)

    async def _live(self) -> None:
        await self._session.begun.wait()  # the time that loading models takes is ours
        why = await self._life.end()
        self._tell(_ending(why, self._life))
        self.end(GOING_AWAY if why == "call" else _DONE)

    def _warn(self) -> None:
        self._outbox.emit("session.updated", session=self._session.config.shape())

    def _tell(self, error: EventError) -> None:
        self._outbox.emit("error", error=error.shape())

    async def _events(self) -> AsyncGenerator[dict[str, Any] | EventError]:
        """What the client says, until it leaves."""
        async for frame in self._inbox:
            event = self._limited(_read(frame))
            if isinstance(event, EventError) or event["type"] != _APPEND:
                self._life.happens()
            if self._knock.beta and not isinstance(event, EventError):
                event = incoming(event)
            yield event

    def _limited(self, event: dict[str, Any] | EventError) -> dict[str, Any] | EventError:
        """Responses that are asked for are counted; those the daemon begins by itself are not."""
        if isinstance(event, EventError) or event["type"] != "response.create":
            return event
        wait_s = self._allowance.take()
        if not wait_s:
            return event
        told = f"Too many requests in a minute with this key. Try again in {math.ceil(wait_s)} s."
        return EventError("rate_limit_exceeded", told, event_id=event_id_of(event))

    async def _write(self) -> None:
        try:
            async for event in self._outbox:
                self._life.happens()
                await self._send(event)
                if event["type"] == "response.done" and (limits := self._allowance.shape()):
                    await self._send(
                        {"type": "rate_limits.updated", "event_id": new_id("event"), "rate_limits": limits}
                    )
        except (OSError, WebSocketDisconnect, RuntimeError):  # RuntimeError is starlette's word for a closed socket
            self._outbox.close()
        if self._tasks is not None:
            self._tasks.cancel_scope.cancel()

    async def _send(self, event: Event) -> None:
        told = outgoing(event) if self._knock.beta else event
        if told is not None:
            await self._socket.send_text(orjson.dumps(told).decode("utf-8"))

    async def _close(self) -> None:
        if WebSocketState.DISCONNECTED in (self._socket.client_state, self._socket.application_state):
            return
        closed = contextlib.suppress(OSError, WebSocketDisconnect, RuntimeError)
        with closed, anyio.CancelScope(shield=True), anyio.move_on_after(_CLOSE_S):
            await self._socket.close(self._code)


def _read(text: str | None) -> dict[str, Any] | EventError:
    if text is None:
        return EventError("invalid_event", "Binary frames are not taken: send JSON in text frames, audio in base64.")
    if len(text) > MAX_FRAME:
        most = f"{MAX_FRAME >> 20} MiB"
        return EventError("invalid_event", f"The frame has more than {most}. Send audio in smaller pieces.")
    return read_event(text)


def _ending(why: Ending, life: Life) -> EventError:
    if why == "call":
        minutes = f"{life.call_s / 60:g} minutes"
        return EventError("session_expired", f"Your session hit the maximum duration of {minutes}.")
    return EventError("session_expired", f"Nothing happened in this session for {life.idle_s:g} seconds.")
