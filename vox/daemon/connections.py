"""What a TCP connection must do before anything it says is read: be one of a bounded number, be our own user's, and
send the head of its request in time.

uvicorn takes the class of its connections as an option. This one adds to whichever it would have chosen.
"""

import asyncio
import ipaddress
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.auto import AutoHTTPProtocol

from vox.daemon.peers import Address
from vox.doors.openvip.sse import TRANSPORT
from vox.log import get_logger

__all__ = ["HEAD_S", "MAX_CONNECTIONS", "MAX_HEAD", "connection_class"]

MAX_CONNECTIONS = 1024
"""TCP connections of the daemon at once: a client that opens more than anybody needs leaves room for the files and
providers of the others."""

HEAD_S = 10.0
"""Seconds from the first byte of a request, or from the connection, to the end of its headers."""

MAX_HEAD = 64 << 10
"""Bytes of a request's headers."""

_log = get_logger()

_Base = cast("type[Any]", AutoHTTPProtocol)  # httptools' or h11's: both keep `cycle`, `connections` and `transport`


class _Telling(_Base):
    """A connection that knows where in a request it is, and lets a door write to it without a task of its own.
    httptools' connections are told; h11's do without."""

    in_body = False

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self.scope["extensions"] = {TRANSPORT: self.transport}

    def on_headers_complete(self) -> None:
        """Its head is complete."""
        super().on_headers_complete()
        self.in_body = True

    def on_message_complete(self) -> None:
        """All of it is here."""
        super().on_message_complete()
        self.in_body = False


def connection_class(is_ours: Callable[[Address, Address], bool], head_s: float = HEAD_S) -> type[asyncio.Protocol]:
    """The class for uvicorn's `http` option.

    Args:
        is_ours: Tells whether the loopback connection between a peer and a local address may come in.
    """

    class Connection(_Telling):
        """One connection."""

        late: asyncio.TimerHandle | None = None
        head = 0

        def connection_made(self, transport: asyncio.Transport) -> None:
            """Take it, or say no and close."""
            super().connection_made(transport)
            status = self._refusal(transport)
            if status is None:
                self._expect_head()
            else:
                transport.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                transport.close()

        def data_received(self, data: bytes) -> None:
            """More of a request."""
            before, is_body = self.cycle, self.in_body
            super().data_received(data)
            reading_head = self.cycle is before and (before is None or before.response_complete)
            if not reading_head or self.transport.get_protocol() is not self:
                self._head_came()
            else:  # what is left of a body that was answered already is let go, but not for ever
                self._wait_for_more(0 if is_body or self.in_body else len(data))

        def connection_lost(self, exc: Exception | None) -> None:
            """The end."""
            self._head_came()
            super().connection_lost(exc)

        def _refusal(self, transport: asyncio.Transport) -> bytes | None:
            if len(self.connections) > MAX_CONNECTIONS:
                return b"503 Service Unavailable"
            peer, local = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
            if peer is None or (_is_loopback(peer[0]) and not is_ours(peer[:2], local[:2])):
                _log.warning("connection.refused", why="it is another user's", port=local and local[1])
                return b"403 Forbidden"
            return None

        def _wait_for_more(self, size: int) -> None:
            self.head += size
            if self.head > MAX_HEAD:
                self.transport.abort()
            elif self.late is None:
                self._expect_head()

        def _expect_head(self) -> None:
            self.late = self.loop.call_later(head_s, self.transport.close)

        def _head_came(self) -> None:
            self.head = 0
            if self.late is not None:
                self.late.cancel()
                self.late = None

    return cast("type[asyncio.Protocol]", Connection)


def _is_loopback(ip: str) -> bool:
    return ipaddress.ip_address(ip.partition("%")[0]).is_loopback
