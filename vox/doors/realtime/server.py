"""The routes of the Realtime interface, and the sessions that are open.

GET  /v1/realtime                          a WebSocket: one session
POST /v1/realtime/client_secrets …         see `vox.doors.realtime.minting`
all else below /v1/realtime                404, such as WebRTC's `calls`
"""

import contextlib
from collections.abc import Callable

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Scope
from starlette.websockets import WebSocket, WebSocketDisconnect

from vox.doors.openai.answers import answer, refusal
from vox.doors.openai.errors import INVALID_REQUEST
from vox.doors.realtime.admission import Admission, Opening
from vox.doors.realtime.config import SessionConfig
from vox.doors.realtime.dialect import Knock, read_knock
from vox.doors.realtime.minting import Minting
from vox.doors.realtime.rate import Rates
from vox.doors.realtime.secrets import Secrets
from vox.doors.realtime.services import Services
from vox.doors.realtime.talk import GOING_AWAY, Talk
from vox.doors.rpc.handler import Access
from vox.errors import NoRoom, VoxError
from vox.log import get_logger

__all__ = ["PATH", "Realtime"]

PATH = "/v1/realtime"
"""Where sessions are opened."""

_FULL_MS = 5000  # after which a refused client may try again: a turn or two
_STOP_S = 1.0  # for clients to be told that the daemon ends

_log = get_logger()


class Realtime:
    """The Realtime interface over one runtime.

    Args:
        access: Tells what a request may do.
    """

    def __init__(self, services: Services, access: Callable[[Scope], Access]) -> None:
        self._services = services
        secrets = Secrets[SessionConfig]()
        rates = Rates(lambda: services.settings().requests_per_minute)
        self._admission = Admission(services, access, secrets, rates)
        self._minting = Minting(services, self._admission, secrets)
        self._talks: set[Talk] = set()

    def routes(self) -> list[BaseRoute]:
        """The routes."""
        return [
            WebSocketRoute(PATH, self._open),
            Route(PATH, _upgrade, methods=["GET"]),
            *self._minting.routes(),
        ]

    @property
    def open(self) -> int:
        """Sessions at the moment."""
        return len(self._talks)

    async def stop(self) -> None:
        """Close every session, within a second."""
        for talk in self._talks:
            talk.end(GOING_AWAY)
        with anyio.CancelScope(shield=True), anyio.move_on_after(_STOP_S):
            while self._talks:
                await next(iter(self._talks)).over.wait()

    async def _open(self, socket: WebSocket) -> None:
        with contextlib.suppress(WebSocketDisconnect):  # the client went before it was answered
            await self._answer(socket)

    async def _answer(self, socket: WebSocket) -> None:
        settings = self._services.settings()
        knock = read_knock(socket.scope, settings.query_key)
        try:
            if len(self._talks) >= settings.max_sessions:
                raise NoRoom(
                    f"{settings.max_sessions} sessions are open, which is the most (realtime.maxSessions).",
                    retryAfterMs=_FULL_MS,
                )
            opening = self._admission.open(socket.scope, knock)
        except VoxError as error:
            await socket.send_denial_response(refusal(error))
            return
        await self._hold(socket, knock, opening)

    async def _hold(self, socket: WebSocket, knock: Knock, opening: Opening) -> None:
        talk = Talk(socket, knock, opening, self._services)
        self._talks.add(talk)
        _log.info("realtime.opened", session=opening.config.id, beta=knock.beta, open=len(self._talks))
        try:
            await talk.run()
        finally:
            self._talks.discard(talk)
            talk.over.set()
            _log.info("realtime.closed", session=opening.config.id, open=len(self._talks))


async def _upgrade(_: Request) -> Response:
    told = "This address is a WebSocket: open it with a client that can upgrade the connection."
    error = {"message": told, "type": INVALID_REQUEST, "param": None, "code": "upgrade_required"}
    return answer({"error": error}, 426, {"upgrade": "websocket"})
