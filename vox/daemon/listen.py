"""The listeners: one TCP port for every door by path, on loopback unless a token guards it, and one unix socket for our
own programs."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from vox.config.reach import check_host
from vox.daemon.private import make_private
from vox.daemon.web_sockets import WebSocketConnection
from vox.doors.rpc.server import MAX_FRAME
from vox.errors import ConfigError
from vox.log import get_logger

__all__ = ["HttpServer", "bind_tcp", "listen_unix"]

_log = get_logger()

# Whoever can reach the port could fill our log with requests that are none. And a refused WebSocket, which gets its
# whole answer, is reported by uvicorn as one that got none.
_uvicorn_log = logging.getLogger("uvicorn.error")
_uvicorn_log.setLevel(logging.ERROR)
_uvicorn_log.addFilter(lambda record: record.msg != "ASGI callable returned without completing handshake.")

_BACKLOG = 2048  # connections that wait to be accepted; what uvicorn takes
_PING_S = 20.0  # between pings to a WebSocket client: one whose machine is gone is noticed
_PONG_S = 60.0  # for the answer; a page may be busy for longer than a moment
_CLOSE_GRACE_S = 1  # for requests in flight when the daemon ends


def bind_tcp(host: str, port: int, *, or_any: bool = False, beyond: bool = False) -> socket.socket:
    """A socket that takes connections, to be accepted later.

    Args:
        beyond: Take an address that other machines can reach, too.
        or_any: Take any free port when this one is taken: nobody asked for it by number, and clients learn the port
            from runtime.json.

    Raises:
        ConfigError: The address is not loopback, or cannot be used, or the port is taken.
    """
    check_host(host, guarded=beyond)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere the option would let two programs share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # At once: the daemon is announced before the server has taken over, and whoever comes then must not be refused.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if or_any and error.errno == errno.EADDRINUSE:
            _log.warning("daemon.port_taken", port=port, host=host)
            return bind_tcp(host, 0, beyond=beyond)
        raise ConfigError(
            f"Port {port} on {host} cannot be used: {error.strerror}. Stop the program that has it, or choose another"
            " port with VOX_PORT (0 takes any free one)."
        ) from error
    return listener


class HttpServer(uvicorn.Server):
    """uvicorn, without its own signals and without its clock, which would wake an idle daemon ten times a second.

    Args:
        connection: The class of its connections; uvicorn's own when None.
    """

    def __init__(self, app: ASGIApp, connection: type[asyncio.Protocol] | None = None) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                loop="none",
                http=connection or "auto",
                ws=WebSocketConnection,
                ws_max_size=MAX_FRAME,
                ws_ping_interval=_PING_S,
                ws_ping_timeout=_PONG_S,
                ws_per_message_deflate=True,
                access_log=False,
                log_config=None,
                lifespan="off",
                server_header=False,
                date_header=False,
                timeout_graceful_shutdown=_CLOSE_GRACE_S,
            )
        )
        self._stop = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """The daemon owns the signals."""
        yield

    async def main_loop(self) -> None:
        """Wait to be stopped."""
        await self._stop.wait()

    def stop(self) -> None:
        """Finish what is in flight, within a second, and end."""
        self._stop.set()


async def listen_unix(
    path: Path, serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
) -> asyncio.AbstractServer:
    """Listen on a unix socket that only its owner can reach.

    Raises:
        ConfigError: Its folder is not ours alone.
    """
    listener = _bind_unix(path)
    return await asyncio.start_unix_server(serve, sock=listener, limit=MAX_FRAME, backlog=_BACKLOG)


def _bind_unix(path: Path) -> socket.socket:
    make_private(path.parent)
    path.unlink(missing_ok=True)  # left by a killed daemon; we hold the lock
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    return listener
