"""WebSocket connections that end in truth: one whose client reads nothing any more is not kept until it does."""

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
