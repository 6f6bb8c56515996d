"""WebSocket connections that end in truth: one whose client reads nothing any more is not kept until it does, and one
whose client sends what cannot be taken says so."""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["LAST_WORDS_S", "WebSocketConnection"]

LAST_WORDS_S = 5.0
"""Seconds a client has to read what was on its way when its connection was closed."""


class WebSocketConnection(WebSocketsSansIOProtocol):
    """One connection. uvicorn closes it in the end, which waits until everything is read; here, not for ever."""

    async def run_asgi(self) -> None:
        """Serve it to its end."""
        await super().run_asgi()
        if self.transport.get_write_buffer_size():
            self.loop.call_later(LAST_WORDS_S, self.transport.abort)

    def handle_parser_exception(self) -> None:
        """Close a connection that speaks no WebSocket, or in frames that are too large. What still comes is read and
        let go: uvicorn hangs up at once, and a client that is sending would lose the word of why."""
        if self.close_sent:
            return
        assert self.conn.close_sent is not None
        code, reason = self.conn.close_sent.code, self.conn.close_sent.reason
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.transport.write_eof()
        self.close_sent = True
        self.transport.resume_reading()
        self.close_timer = self.loop.call_later(LAST_WORDS_S, self.transport.abort)
