"""The OpenVIP interface: what is asked under `/openvip`, and at the root of the port that its clients have built in.

It stands before the other doors, because every answer under its paths is OpenVIP's, also where there is nothing; and
because agents are many and a message to one of them is to take no longer than it must.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send

from vox import __version__
from vox.doors.openvip.agents import AgentDoor
from vox.doors.openvip.asking import Ask
from vox.doors.openvip.control import ControlDoor
from vox.doors.openvip.errors import Refusal, refused
from vox.doors.openvip.messages import response
from vox.doors.openvip.speaking import SpeechDoor
from vox.doors.openvip.status import StatusDoor
from vox.errors import InvalidRequest, VoxError
from vox.log import get_logger
from vox.runtime.agents.hub import AgentHub

__all__ = ["BASE", "OpenVip"]

BASE = "/openvip"
"""Where it is on every port."""

_log = get_logger()

_Endpoint: TypeAlias = Callable[[Ask], Awaitable[None]]
_Path: TypeAlias = tuple[str, ...]


class OpenVip:
    """The interface over the agents of a daemon.

    Args:
        rest: What answers everything else.
        ports: Ports on which the paths at the root are OpenVIP's, too.
        shut_down: Ends the daemon.
    """

    def __init__(
        self, hub: AgentHub, rest: ASGIApp, ports: frozenset[int], shut_down: Callable[[], object] = lambda: None
    ) -> None:
        self._hub, self._rest, self._ports = hub, rest, ports
        self._agents, self._status = AgentDoor(hub), StatusDoor(hub)
        speech, control = SpeechDoor(hub), ControlDoor(hub, shut_down)
        self._table: dict[_Path, dict[str, _Endpoint]] = {
            ("agents", "*", "messages"): {"GET": self._agents.subscribe, "POST": self._agents.send},
            ("speech",): {"POST": speech.speak},
            ("speech", "stop"): {"POST": speech.stop},
            ("status",): {"GET": self._status.get},
            ("status", "stream"): {"GET": self._status.follow},
            ("control",): {"POST": control.control},
            ("openapi.json",): {"GET": _openapi},
            ("health",): {"GET": _health},
            ("api", "agents", "*", "focus"): {"POST": self._agents.focus},
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on what is none of ours."""
        path = self._path(scope)
        if path is None:
            await self._rest(scope, receive, send)
        else:
            await self._answer(Ask(scope, receive, send), path)

    def refusal(self, scope: Scope, status: int) -> bytes | None:
        """The body for a request that is turned away before it comes here; None where it is none of ours."""
        return refused(status) if scope["type"] == "http" and self._path(scope) is not None else None

    def stop(self) -> None:
        """The daemon ends: so do all streams."""
        self._hub.stop()
        self._status.stop()

    def _path(self, scope: Scope) -> bytes | None:
        """The path below the base; None for what is none of ours."""
        if scope["type"] != "http":
            return None
        path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
        if path.startswith(_BASE) and path[len(_BASE) : len(_BASE) + 1] in (b"", b"/"):
            return path[len(_BASE) :]
        server = scope.get("server")
        is_own_port = server is not None and server[1] in self._ports
        return path if is_own_port or path.startswith(_FOCUS) else None

    async def _answer(self, ask: Ask, path: bytes) -> None:
        try:
            await self._endpoint(ask, path)(ask)
        except VoxError as error:
            await ask.refuse(error)
        except ClientDisconnect:
            return
        except Exception as error:
            _log.exception("openvip.failed", path=ask.scope["path"], request=ask.ref)
            if ask.started:
                raise
            await ask.refuse(VoxError(f"Vox failed: {type(error).__name__}. See the daemon's log for {ask.ref}."))

    def _endpoint(self, ask: Ask, path: bytes) -> _Endpoint:
        parts = [_text(part) for part in path.split(b"/")[1:]]
        if len(parts) > 2 and parts[-3] == "agents":
            ask.agent, parts[-2] = parts[-2], "*"
        methods = self._table.get(tuple(parts))
        asked = f"{ask.scope['method']} {ask.scope['path']}"
        if methods is None:
            raise Refusal(404, f"There is no {asked} here. {BASE}/openapi.json tells what there is.")
        method = ask.scope["method"]
        endpoint = methods.get("GET" if method == "HEAD" else method)
        if endpoint is None or (method == "HEAD" and endpoint in self._streams()):
            raise Refusal(405, f"There is no {asked} here.", {"allow": ", ".join(methods)})
        return endpoint

    def _streams(self) -> tuple[_Endpoint, ...]:
        return self._agents.subscribe, self._status.follow


_BASE = BASE.encode("ascii")
_FOCUS = b"/api/agents/"  # where one published client tells of it, whatever its base


def _text(part: bytes) -> str:
    try:
        return unquote_to_bytes(part).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest("The path is not UTF-8.") from None


async def _health(ask: Ask) -> None:
    """That it is there."""
    await ask.answer(response(ask.ref, service="vox", version=__version__))


async def _openapi(ask: Ask) -> None:
    """All of this, for programs."""
    from vox.doors.openvip.described import document  # seldom asked for

    base = ask.scope["path"].removesuffix("/openapi.json")
    host = next(value for name, value in ask.scope["headers"] if name == b"host").decode("latin-1")
    await ask.answer(document(f"{ask.scope['scheme']}://{host}{base}"))
