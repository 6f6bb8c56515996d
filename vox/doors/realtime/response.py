"""One response on the wire, from `response.created` to its one `response.done`.

    created → items, any number, each added and closed → done

Nothing here waits, so that whoever ends it has told its end when the call returns. All that comes later is dropped.
"""

from typing import TypeVar

from vox.doors.realtime.formats import AudioType
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.reply_items import CallItem, MessageItem, ResponseItem
from vox.doors.realtime.response_config import ResponseConfig
from vox.doors.realtime.response_shapes import EndReason, ResponseStatus, response_shape, status_details
from vox.doors.realtime.shapes import item_shape
from vox.doors.realtime.wire import new_id
from vox.errors import VoxError
from vox.llm.chat import Usage
from vox.runtime.agent.conversation import Conversation

__all__ = ["Response"]

_AnyItem = TypeVar("_AnyItem", bound=ResponseItem)


class Response:
    """What is told of one response.

    Args:
        conversation: Where its items are put in; None for one outside of it.
        conversation_id: What that is called on the wire.
    """

    def __init__(
        self, config: ResponseConfig, conversation: Conversation | None, outbox: Outbox, conversation_id: str = "conv_1"
    ) -> None:
        self.id = new_id("resp")
        self.begun = self.ended = False
        self._config, self._conversation, self._outbox = config, conversation, outbox
        self._conversation_id = None if conversation is None else conversation_id
        self._items: list[ResponseItem] = []

    @property
    def empty(self) -> bool:
        """Whether it has no item yet."""
        return not self._items

    def begin(self) -> None:
        """Tell that it is created."""
        if not self.begun:
            self.begun = True
            self._outbox.emit("response.created", response=response_shape(self.id, self._config, self._conversation_id))

    def message(self, spoken: AudioType | None, *, aside: bool = False) -> MessageItem:
        """Open a message at the next place of the output.

        Args:
            spoken: The format of its sound; None for a written one.
            aside: The language model is never to see it.

        Raises:
            InvalidRequest: The conversation is full.
            RuntimeError: The response has ended.
        """
        return self._opened(MessageItem(spoken, *self._place(), aside=aside))

    def call(self, call_id: str, name: str) -> CallItem:
        """Open a call of a tool at the next place of the output.

        Raises:
            InvalidRequest: The conversation is full.
            RuntimeError: The response has ended.
        """
        return self._opened(CallItem(call_id, name, *self._place()))

    def end(
        self,
        status: ResponseStatus,
        *,
        reason: EndReason | None = None,
        error: VoxError | None = None,
        usage: Usage | None = None,
    ) -> None:
        """Close what is open, as incomplete, and tell the end. The first word counts."""
        if self.ended:
            return
        self.begin()
        for item in self._items:
            item.close("incomplete")
        self.ended = True
        told = response_shape(
            self.id,
            self._config,
            self._conversation_id,
            status=status,
            details=status_details(status, reason, error),
            output=[item_shape(one.item) for one in self._items],
            usage=usage,
        )
        self._outbox.emit("response.done", response=told)

    def _place(self) -> tuple[str, int, Conversation | None, Outbox]:
        if self.ended:
            raise RuntimeError("The response has ended; nothing can be added to it.")
        return self.id, len(self._items), self._conversation, self._outbox

    def _opened(self, item: _AnyItem) -> _AnyItem:
        self._items.append(item)
        return item
