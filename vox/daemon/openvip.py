"""The OpenVIP interface put together: agents, what they hear and what they say, before the other doors."""

from collections.abc import Callable, Iterable

from anyio.abc import TaskGroup
from starlette.types import ASGIApp

from vox.daemon.aliases import OPENVIP, Alias
from vox.doors.openvip.messages import event, transcription
from vox.doors.openvip.server import OpenVip
from vox.paths import Home
from vox.runtime.agents.hub import AgentHub
from vox.runtime.runtime import Runtime

__all__ = ["make_openvip"]


def make_openvip(
    runtime: Runtime,
    home: Home,
    rest: ASGIApp,
    aliases: Iterable[Alias],
    shut_down: Callable[[], object],
    tasks: TaskGroup,
) -> OpenVip:
    """The interface. Stop it before the server.

    Args:
        rest: What answers everything else.
        tasks: Where listening and speaking run.
    """
    hub = AgentHub(runtime, home, lambda said: event(transcription(said)))
    tasks.start_soon(hub.run)
    ports = frozenset(alias.port for alias in aliases if alias.door == OPENVIP and alias.listener is not None)
    return OpenVip(hub, rest, ports, shut_down)
