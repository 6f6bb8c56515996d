"""A vendor's API on a port of this machine.

Each vendor is a starlette app in a module of its own; `Vendor(app)` serves it from a thread, remembers every request,
and answers the next ones wrongly when it is told to: `vendor.next(refuse(429, …), reset())`. After those, the app
answers again.
"""

import asyncio
import json
import socket
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = [
    "Behaviour",
    "Seen",
    "Vendor",
    "answer",
    "drip",
    "html",
    "redirect",
    "refuse",
    "reset",
    "silence",
    "slow",
    "truncated",
]

_PATIENCE_S = 20.0
_connections: dict[Any, asyncio.Transport] = {}  # the client's address → its connection


@dataclass
class Seen:
    """A request as it came. `form` holds texts as they are and files as `(name, type, bytes)`; repeated names as
    lists."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    form: dict[str, Any] = field(default_factory=dict)

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass
class Exchange:
    """A request that a behaviour answers."""

    vendor: "Vendor"
    seen: Seen
    scope: Scope
    receive: Receive
    send: Send

    async def begin(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """Send the head of an answer."""
        lines = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        await self.send({"type": "http.response.start", "status": status, "headers": lines})

    async def body(self, data: bytes, more: bool = True) -> None:
        """Send a piece of the body."""
        await self.send({"type": "http.response.body", "body": data, "more_body": more})

    async def gone(self) -> None:
        """Wait until the client has closed the connection, and remember that it has."""
        while (await self.receive())["type"] != "http.disconnect":
            pass
        self.vendor.left.release()

    @property
    def connection(self) -> asyncio.Transport:
        """What carries it."""
        return _connections[tuple(self.scope["client"])]


Behaviour = Callable[[Exchange], Awaitable[None]]


class Vendor:
    """Serves `app` on a free port of 127.0.0.1; use it in a `with` block.

    Attributes:
        url: Where it is, without a slash at the end.
        seen: Every request, in order.
        left: Released once for each client that left while a behaviour kept it waiting.
        arrived: Released once for each request.
        most_at_once: The most requests that were being answered at one time.
        connections: How many connections were made.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._now = set[int]()
        self.forget()

    def forget(self) -> None:
        """Be as new: no behaviours ahead, and nothing remembered. For servers that several tests share."""
        self._plan: deque[Behaviour] = deque()
        self._always: Behaviour | None = None
        self.seen: list[Seen] = []
        self.left = threading.Semaphore(0)
        self.arrived = threading.Semaphore(0)
        self.most_at_once = len(self._now)
        self.connections = 0

    def __enter__(self) -> "Vendor":
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            self._serve,
            http=self._protocol(),
            interface="asgi3",
            proxy_headers=False,
            ws="none",
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()
        self._listener = listener
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.should_exit = True
        self._thread.join(_PATIENCE_S)
        self._listener.close()
        assert not self._thread.is_alive()

    def next(self, *behaviours: Behaviour) -> None:
        """Answer the next requests so, one each."""
        self._plan.extend(behaviours)

    def always(self, behaviour: Behaviour | None) -> None:
        """Answer every request so that nothing else is planned for; None leaves them to the app."""
        self._always = behaviour

    def wait_until_left(self) -> None:
        """Return once a client that was kept waiting has closed its connection."""
        assert self.left.acquire(timeout=_PATIENCE_S), "the client did not close its connection"

    def wait_for_request(self) -> None:
        """Return once another request has arrived."""
        assert self.arrived.acquire(timeout=_PATIENCE_S), "no request came"

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        going = {id(scope)}
        self._now |= going
        self.most_at_once = max(self.most_at_once, len(self._now))

        async def told(message: Message) -> None:
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self._now -= going  # before it is: whoever has the answer may ask again at once
            await send(message)

        try:
            await self._answer(scope, receive, told)
        finally:
            self._now -= going

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        body = await request.body()
        seen = Seen(request.method, request.url.path, dict(request.query_params), dict(request.headers), body)
        if "multipart/form-data" in seen.headers.get("content-type", ""):
            seen.form = await _form(await Request(scope, _replay(body, receive)).form())
        self.seen.append(seen)
        self.arrived.release()
        behaviour = self._plan.popleft() if self._plan else self._always
        if behaviour is None:
            await self._app(scope, _replay(body, receive), send)
        else:
            await behaviour(Exchange(self, seen, scope, receive, send))

    def _protocol(self) -> type[H11Protocol]:
        vendor = self

        class Protocol(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
                super().connection_made(transport)
                vendor.connections += 1
                _connections[transport.get_extra_info("peername")] = transport

        return Protocol


def answer(response: Response) -> Behaviour:
    """An answer of any kind."""

    async def behave(exchange: Exchange) -> None:
        await response(exchange.scope, exchange.receive, exchange.send)

    return behave


def refuse(status: int, body: object = None, headers: Mapping[str, str] | None = None) -> Behaviour:
    """An error: a `dict` becomes JSON, a `str` plain text."""
    kind = "text/plain" if isinstance(body, str) else "application/json"
    content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return answer(Response(content, status, {"content-type": kind, **(headers or {})}))


def html(status: int = 502) -> Behaviour:
    """A page, as a proxy or a login in the way answers."""
    return answer(Response("<html><body><h1>Bad gateway</h1></body></html>", status, media_type="text/html"))


def redirect(url: str) -> Behaviour:
    """Another address, which a key must not follow."""
    return answer(Response(b"", 307, {"location": url}))


def silence() -> Behaviour:
    """Nothing, until the client goes."""
    return Exchange.gone


def slow(then: Response) -> Behaviour:
    """The head at once and then nothing, until the client goes: `then` gives the head."""

    async def behave(exchange: Exchange) -> None:
        await exchange.begin(then.status_code, {"content-type": then.headers["content-type"]})
        await exchange.body(then.body[:16])
        await exchange.gone()

    return behave


def drip(data: bytes, kind: str = "audio/wav", every_s: float = 0.02) -> Behaviour:
    """A right answer, one byte at a time, until it ends or the client goes."""

    async def behave(exchange: Exchange) -> None:
        await exchange.begin(200, {"content-type": kind})
        gone = asyncio.ensure_future(exchange.gone())
        for at in range(len(data)):
            await exchange.body(data[at : at + 1])
            if (await asyncio.wait([gone], timeout=every_s))[0]:
                return
        gone.cancel()
        await exchange.body(b"", more=False)

    return behave


def truncated(data: bytes, kind: str = "audio/wav", at: int | None = None) -> Behaviour:
    """Half of what the head announces (or the first `at` bytes), and the connection ends."""

    async def behave(exchange: Exchange) -> None:
        await exchange.begin(200, {"content-type": kind, "content-length": str(len(data))})
        await exchange.body(data[: len(data) // 2 if at is None else at])
        exchange.connection.close()

    return behave


def reset(data: bytes = b"") -> Behaviour:
    """The connection is torn down: before the answer, or after the first bytes of it."""

    async def behave(exchange: Exchange) -> None:
        if data:
            await exchange.begin(200, {"content-type": "audio/wav"})
            await exchange.body(data)
        sock = exchange.connection.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # on, zero seconds: RST
        exchange.connection.abort()

    return behave


async def _form(data: FormData) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in data.multi_items():
        told = (value.filename, value.content_type, await value.read()) if isinstance(value, UploadFile) else value
        found[name] = told if name not in found else [*_listed(found[name]), told]
    await data.close()
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def again() -> Any:
        nonlocal sent
        if sent:
            return await receive()
        sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
