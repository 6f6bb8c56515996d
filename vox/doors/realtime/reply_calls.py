"""The calls of tools in one response: each its own item, all closed when the model has ended."""

from vox.doors.realtime.reply_items import CallItem
from vox.doors.realtime.reply_request import is_whole
from vox.doors.realtime.response import Response
from vox.doors.realtime.wire import new_id
from vox.llm.chat import ToolCallDelta
from vox.runtime.agent.conversation import Conversation
from vox.runtime.agent.tool_arguments import repaired

__all__ = ["Calls"]


class Calls:
    """What is called, by the number the model gave each call.

    Args:
        conversation: Whose earlier calls must not be mistaken for these.
    """

    def __init__(self, response: Response, conversation: Conversation) -> None:
        self._response, self._conversation = response, conversation
        self._calls: dict[int, CallItem] = {}

    def knows(self, delta: ToolCallDelta) -> bool:
        """Whether the call has an item already."""
        return delta.index in self._calls

    def write(self, delta: ToolCallDelta) -> None:
        """Add to the arguments of a call, which is opened with its first piece.

        Raises:
            InvalidRequest: The conversation is full.
        """
        if not self.knows(delta):
            self._calls[delta.index] = self._response.call(self._id(delta.id), delta.name)
        self._calls[delta.index].write(delta.arguments)

    def close(self, *, cut: bool) -> None:
        """Close all: they can be run.

        Args:
            cut: The model was made to stop; a call whose arguments are not all there is left incomplete.
        """
        for call in self._calls.values():
            arguments = call.item.arguments or ""
            if cut and not is_whole(arguments):
                call.close("incomplete")
            else:
                call.correct(repaired(arguments))
                call.close("completed")

    def _id(self, wanted: str) -> str:
        """The model's own id, for servers that want theirs back; another where it is taken, as some count from 0 in
        each answer."""
        taken = {call.item.call_id for call in self._calls.values()}
        taken |= {item.call_id for item in self._conversation}
        return wanted if wanted and wanted not in taken else new_id("call")
