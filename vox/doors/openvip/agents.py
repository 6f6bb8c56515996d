"""Agents: the stream that makes a program one of them, and what is sent to it."""

from urllib.parse import parse_qs

from vox.doors.openvip.asking import Ask
from vox.doors.openvip.errors import Refusal
from vox.doors.openvip.messages import event, response
from vox.doors.openvip.sse import Stream
from vox.doors.openvip.wire import Fields, read_message
from vox.errors import AgentNotConnected, InvalidRequest
from vox.runtime.agents.hub import AgentHub
from vox.runtime.agents.mailbox import Mailbox

__all__ = ["MAX_EVENT", "AgentDoor"]

MAX_EVENT = 65_000
"""Bytes of a message to an agent: one published client ends its stream at a line of 64 KiB."""

_YES = ("1", "true", "yes", "")


class AgentDoor:
    """`/agents/{agent_id}/…`."""

    def __init__(self, hub: AgentHub) -> None:
        self._hub = hub
        self._streams: dict[str, Stream] = {}

    async def subscribe(self, ask: Ask) -> None:
        """Open the stream: for as long as it is open, the agent is connected."""
        self._forget_gone(ask.agent)
        mailbox = self._hub.agents.connect(ask.agent, partials=_wants_partials(ask))
        try:
            stream = self._streams[ask.agent] = Stream(ask.scope, ask.receive, ask.send, mailbox)
            await ask.follow(stream)
        finally:
            self._let_go(ask.agent, mailbox)

    async def send(self, ask: Ask) -> None:
        """Send an agent a message of anybody's; its id and the fields nobody knows stay as they are."""
        message = read_message(await ask.object())
        data = event(message)
        if len(data) > MAX_EVENT:
            raise Refusal(413, f"The message has more than {MAX_EVENT} bytes, which not every agent can read. Cut it.")
        self._forget_gone(ask.agent)
        self._hub.agents.deliver(ask.agent, data, partial=message.get("partial", False))
        self._switch(message)
        await ask.answer(response(ask.ref))

    async def focus(self, ask: Ask) -> None:
        """The agent's terminal got the keyboard, or lost it."""
        focused = (await ask.object()).get("focused")
        if not isinstance(focused, bool):
            raise InvalidRequest("focused must be true or false.")
        self._hub.focus(ask.agent, focused)
        await ask.answer(response(ask.ref))

    def _forget_gone(self, agent: str) -> None:
        """Let an agent go whose connection is closed, before its stream has ended: whoever comes back at once must not
        find the door shut, and what is sent to it must not count as delivered."""
        stream = self._streams.get(agent)
        if stream is not None and stream.is_gone:
            self._let_go(agent, stream.mailbox)

    def _let_go(self, agent: str, mailbox: Mailbox) -> None:
        self._hub.agents.disconnect(agent, mailbox)
        stream = self._streams.get(agent)
        if stream is not None and stream.mailbox is mailbox:
            del self._streams[agent]

    def _switch(self, message: Fields) -> None:
        """Speak to the agent that the message names, if it is there; whom the message is for may know better."""
        if "x_agent_switch" in message:
            try:
                self._hub.switch(message["x_agent_switch"]["target"])
            except AgentNotConnected:
                return


def _wants_partials(ask: Ask) -> bool:
    wanted = parse_qs(ask.scope["query_string"].decode("latin-1"), keep_blank_values=True).get("partials", ["0"])
    return wanted[-1].lower() in _YES
