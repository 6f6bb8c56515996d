"""One request: what was asked, its body within bounds of size and time, and its answer."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import orjson
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from vox.doors.openvip.errors import VERSION, Refusal, new_id, shape
from vox.doors.openvip.sse import Stream
from vox.doors.openvip.wire import Fields, id_of, is_uuid, read_object
from vox.errors import InvalidRequest, UploadTimeout, VoxError

__all__ = ["MAX_BODY", "Ask"]

MAX_BODY = 1 << 20
"""Bytes of a body: the longest text that is taken to be spoken."""

_IDLE_S, _BODY_S = 10.0, 60.0  # for more of a body; for all of it


@dataclass(slots=True)
class Ask:
    """A request. Its answer is sent once."""

    scope: Scope
    receive: Receive
    send: Send
    agent: str = ""
    """The agent in its path."""
    ref: str = field(default_factory=new_id)
    """Its id: the one it brought, else one that it was given; a UUID. The log tells of it by that."""
    after: Callable[[], object] | None = None
    """What to do once the answer is sent."""
    started: bool = False
    """Whether an answer is on its way."""

    async def object(self) -> Fields:
        """The JSON object in the body.

        A web page can send other types without asking its browser's leave first, so JSON must say that it is JSON.

        Raises:
            Refusal: The body is too large, or not declared as JSON.
            InvalidRequest: It is no JSON object.
            UploadTimeout: It comes too slowly.
        """
        body = await self._body()
        if body and _media_type(self.scope) != b"application/json":
            raise Refusal(415, "Send JSON with the header Content-Type: application/json.")
        value = read_object(body)
        self.ref = id_of(value) or self.ref
        return value

    async def command(self) -> Fields:
        """As `object`, of a body that is no message: its `openvip` and its `id` may be missing, but not wrong.

        Raises:
            Refusal, InvalidRequest, UploadTimeout: As `object`.
        """
        value = await self.object()
        if value.get("openvip", VERSION) != VERSION:
            raise InvalidRequest(f'Not OpenVIP v1.0 compliant: openvip must be "{VERSION}".')
        if "id" in value and not is_uuid(value["id"]):
            raise InvalidRequest("Not OpenVIP v1.0 compliant: id must be a UUID.")
        return value

    async def answer(self, value: Fields, status: int = 200, headers: dict[str, str] | None = None) -> None:
        """Send an answer in JSON."""
        body = orjson.dumps(value)
        more = [(name.encode("latin-1"), text.encode("latin-1")) for name, text in (headers or {}).items()]
        told = [*_HEADERS, (b"content-length", b"%d" % len(body)), (b"x-request-id", self.ref.encode("ascii")), *more]
        self.started = True
        await self.send({"type": "http.response.start", "status": status, "headers": told})
        await self.send({"type": "http.response.body", "body": body})
        if self.after is not None:
            self.after()

    async def refuse(self, error: VoxError) -> None:
        """Send what went wrong."""
        status, body, headers = shape(error, self.ref)
        await self.answer(body, status, headers)

    async def follow(self, stream: Stream, first: Iterable[bytes] = ()) -> None:
        """Answer with a stream, until it ends."""
        self.started = True
        await stream.run(first, [(b"x-request-id", self.ref.encode("ascii"))])

    async def _body(self) -> bytes:
        declared = _header(self.scope, b"content-length")
        if declared.isdigit() and int(declared) > MAX_BODY:
            raise _too_large()
        body, is_whole = bytearray(), False
        now = asyncio.get_running_loop().time
        deadline = now() + _BODY_S
        try:
            while not is_whole:
                async with asyncio.timeout_at(min(now() + _IDLE_S, deadline)):  # a third of what anyio's costs
                    piece, is_whole = await self._piece()
                body += piece
                if len(body) > MAX_BODY:
                    raise _too_large()
        except TimeoutError:
            raise UploadTimeout(f"The body came too slowly: Vox waits {_IDLE_S:g} s for more of it.") from None
        return bytes(body)

    async def _piece(self) -> tuple[bytes, bool]:
        """More of the body, and whether that was the last of it."""
        message = await self.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        return message.get("body", b""), not message.get("more_body", False)


_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


def _too_large() -> Refusal:
    return Refusal(413, f"The body has more than {MAX_BODY} bytes; send less.")


def _media_type(scope: Scope) -> bytes:
    return _header(scope, b"content-type").partition(b";")[0].strip().lower()


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")
