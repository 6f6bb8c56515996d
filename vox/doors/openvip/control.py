"""Commands: whether to listen, who is spoken to, and the daemon's end."""

from collections.abc import Callable

from starlette.types import Scope

from vox.config.reach import is_loopback
from vox.doors.openvip.asking import Ask
from vox.doors.openvip.errors import Refusal
from vox.doors.openvip.messages import response
from vox.doors.openvip.wire import Fields
from vox.errors import InvalidRequest
from vox.runtime.agents.hub import AgentHub

__all__ = ["COMMANDS", "ControlDoor"]

COMMANDS = (
    *("stt.start", "stt.stop", "stt.toggle", "ping", "output.set_agent:NAME", "output.set_mode:agents"),
    "engine.shutdown",
)
"""What may be asked for."""


class ControlDoor:
    """`/control`.

    Args:
        shut_down: Ends the daemon.
    """

    def __init__(self, hub: AgentHub, shut_down: Callable[[], object]) -> None:
        self._hub, self._shut_down = hub, shut_down

    async def control(self, ask: Ask) -> None:
        """Do what a command says."""
        command = (await ask.command()).get("command")
        if not isinstance(command, str):
            raise InvalidRequest("command is missing: send one of " + ", ".join(COMMANDS) + ".")
        await ask.answer(response(ask.ref, **self._do(ask, command)))

    def _do(self, ask: Ask, command: str) -> Fields:
        name, _, value = command.partition(":")
        match name:
            case "ping" if not value:
                return {"pong": True}
            case "stt.start" | "stt.stop" | "stt.toggle" if not value:
                return {"listening": self._listen(name)}
            case "output.set_agent" if value:
                return {"current_agent": self._hub.switch(value)}
            case "output.set_mode" if value == "agents":
                return {"mode": "agents"}
            case "engine.shutdown" if not value:
                _check_near(ask.scope)
                ask.after = self._shut_down
                return {}
            case _:
                known = ", ".join(COMMANDS)
                raise InvalidRequest(f"Unknown command {command[:100]!r}. Send one of: {known}.")

    def _listen(self, name: str) -> bool:
        ears = self._hub.ears
        if name == "stt.toggle":
            return ears.toggle()
        (ears.start if name == "stt.start" else ears.stop)()
        return ears.wanted


def _check_near(scope: Scope) -> None:
    """Only a program of this machine ends the daemon: no web page, and nobody from afar."""
    client = scope.get("client")  # what a proxy tells of may be no address at all
    is_near = client is not None and is_loopback(client[0].partition("%")[0])
    if not is_near or any(name == b"origin" for name, _ in scope["headers"]):
        raise Refusal(403, "engine.shutdown is for programs of this machine.")
