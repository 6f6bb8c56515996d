"""The client's events on items of the conversation: put in, read, cut, taken out."""

from typing import Any

from vox.doors.realtime.fields import Fields
from vox.doors.realtime.items import read_item
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.shapes import item_shape
from vox.doors.realtime.wire import EventError
from vox.runtime.agent.conversation import Conversation, Item, ItemError

__all__ = ["ItemEvents"]


class ItemEvents:
    """Changes a conversation as its client says, and tells what has become of it.

    Raises:
        EventError: By each of the client's events, when it cannot be served. Nothing is changed then.
    """

    def __init__(self, conversation: Conversation, outbox: Outbox) -> None:
        self._conversation, self._outbox = conversation, outbox

    def create(self, event: dict[str, Any]) -> None:
        """`conversation.item.create`."""
        fields = Fields.of(event, "")
        if "item" not in event:
            raise EventError("missing_required_parameter", "`item` is missing.", "item")
        item = read_item(event["item"])
        self.tell(item, self.put(item, fields.text("previous_item_id", None)))

    def put(self, item: Item, after: str | None = None) -> str | None:
        """Put an item in.

        Returns:
            The id of the item before it.

        Raises:
            EventError: Its id is taken, `after` is not there, or the conversation is full.
        """
        try:
            return self._conversation.insert(item, after)
        except ItemError as error:
            if error.unknown:
                raise EventError("item_not_found", str(error), "previous_item_id") from None
            taken = item.id in self._conversation  # else there is no room
            raise EventError("invalid_value", str(error), "item.id" if taken else None) from None

    def tell(self, item: Item, previous: str | None) -> None:
        """Tell of an item that is complete."""
        shape = item_shape(item)
        self._outbox.emit("conversation.item.added", previous_item_id=previous, item=shape)
        self._outbox.emit("conversation.item.done", previous_item_id=previous, item=shape)

    def tell_turn(self, item: Item, previous: str | None) -> None:
        """Tell of an item that is a turn of the user."""
        self._outbox.emit("input_audio_buffer.committed", item_id=item.id, previous_item_id=previous)
        self.tell(item, previous)

    def retrieve(self, event: dict[str, Any]) -> None:
        """`conversation.item.retrieve`."""
        try:
            item = self._conversation.get(_item_id(event))
        except ItemError as error:
            raise EventError("item_retrieve_invalid_item_id", str(error), "item_id") from None
        self._outbox.emit("conversation.item.retrieved", item=item_shape(item, with_audio=True))

    def delete(self, event: dict[str, Any]) -> None:
        """`conversation.item.delete`."""
        try:
            item = self._conversation.delete(_item_id(event))
        except ItemError as error:
            raise EventError("item_delete_invalid_item_id", str(error), "item_id") from None
        self._outbox.emit("conversation.item.deleted", item_id=item.id)

    def truncate(self, event: dict[str, Any]) -> None:
        """`conversation.item.truncate`."""
        fields = Fields.of(event, "")
        for name in ("content_index", "audio_end_ms"):
            if fields.is_null(name):
                raise EventError("missing_required_parameter", f"`{name}` is missing.", name)
        index = fields.whole("content_index", 0, 0, 1 << 20)
        end_ms = fields.whole("audio_end_ms", 0, 0, 1 << 40)
        try:
            item = self._conversation.truncate(_item_id(event), index, end_ms)
        except ItemError as error:
            code = "item_truncate_invalid_item_id" if error.unknown else "invalid_value"
            raise EventError(code, str(error), "item_id" if error.unknown else "audio_end_ms") from None
        self._outbox.emit("conversation.item.truncated", item_id=item.id, content_index=index, audio_end_ms=end_ms)


def _item_id(event: dict[str, Any]) -> str:
    return Fields.of(event, "").required("item_id")
