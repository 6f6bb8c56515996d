"""Event streams (Server-Sent Events), by hand.

Every event leaves in one write, its blank line included, because one published client forgets an event whose end comes
later. Where the server lets us, that is in the very moment in which it is put into the mailbox: no task has to wake for
each of a thousand readers. When a connection is full, events wait in its mailbox, which is bounded, and nobody else
waits with them.
"""

import asyncio
from asyncio import FIRST_COMPLETED
from collections.abc import Iterable
from contextlib import suppress
from typing import cast

from starlette.types import Receive, Scope, Send

from vox.doors.presence import wait_until_gone
from vox.runtime.agents.mailbox import Mailbox

__all__ = ["FULL", "HEADERS", "KEEP_ALIVE_S", "TRANSPORT", "Stream"]

KEEP_ALIVE_S = 15.0
"""Seconds between two comments: half of what proxies commonly wait, and how soon a client notices its own stop."""

TRANSPORT = "vox.transport"
"""Name of the extension of the ASGI scope that holds the connection's `asyncio.Transport`."""

FULL = 16 << 10
"""Bytes in a connection beyond what the system takes for it; then events wait in the mailbox, which is bounded."""

HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    (b"x-content-type-options", b"nosniff"),
]

_HELLO = b": connected\n\n"
_ALIVE = b": keepalive\n\n"


class Stream:
    """One open stream, until its client goes or its mailbox is closed.

    Args:
        keep_alive_s: Seconds between comments.
    """

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, mailbox: Mailbox, keep_alive_s: float = KEEP_ALIVE_S
    ) -> None:
        self._receive, self._send, self._keep_alive_s = receive, send, keep_alive_s
        self.mailbox = mailbox
        self._transport = cast("asyncio.Transport | None", scope.get("extensions", {}).get(TRANSPORT))
        if self._transport is not None:
            self._transport.set_write_buffer_limits(high=FULL)
        self._awake: asyncio.Future[None] | None = None
        self._writing = False

    @property
    def is_gone(self) -> bool:
        """Whether the client is known to have gone, although the stream may not have ended yet."""
        return self._transport is not None and self._transport.is_closing()

    async def run(self, first: Iterable[bytes] = (), headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        """Serve it.

        Args:
            first: Events before those of the mailbox.
        """
        await self._send({"type": "http.response.start", "status": 200, "headers": [*HEADERS, *headers]})
        await self._write(b"".join([_HELLO, *first]))
        gone = asyncio.ensure_future(wait_until_gone(self._receive))
        try:
            self.mailbox.reader = self._flush
            await self._pump(gone)
        finally:
            self.mailbox.reader = None
            gone.cancel()
            with suppress(asyncio.CancelledError):
                await gone

    async def _pump(self, gone: "asyncio.Future[None]") -> None:
        """Write what cannot be written at once, and the comments."""
        while not gone.done():
            while (data := self.mailbox.pull()) is not None:
                await self._write(data)
            if self.mailbox.closed:
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            self._awake = asyncio.get_running_loop().create_future()
            await asyncio.wait((gone, self._awake), timeout=self._keep_alive_s, return_when=FIRST_COMPLETED)
            if not self._awake.done() and not gone.done():
                await self._write(_ALIVE)

    def _flush(self) -> None:
        """Something was put into the mailbox, or it was closed."""
        transport = self._transport
        if transport is not None and not transport.is_closing() and not self._writing:
            while transport.get_write_buffer_size() < FULL and (data := self.mailbox.pull()) is not None:
                transport.write(b"%x\r\n%b\r\n" % (len(data), data))  # a chunk of HTTP/1.1
            if not len(self.mailbox) and not self.mailbox.closed:
                return
        if self._awake is not None and not self._awake.done():
            self._awake.set_result(None)

    async def _write(self, data: bytes) -> None:
        """Write as soon as the connection has room. What comes meanwhile must not overtake it."""
        self._writing = True
        try:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        finally:
            self._writing = False
