"""The items of one response, told as they grow.

    output_item.added → conversation.item.added → content_part.added → deltas → .done of each in turn

An item that was told of is always closed, by whoever opened it or by the end of the response; what is said to a closed
one is dropped, so that nothing of it comes after its end. An item that the client deletes meanwhile is told to its end
all the same.
"""

from typing import Any, Literal

import pybase64

from vox.audio.g711 import to_alaw, to_ulaw
from vox.doors.realtime.formats import RATES, AudioType
from vox.doors.realtime.outbox import Outbox
from vox.doors.realtime.shapes import item_shape
from vox.doors.realtime.wire import new_id
from vox.errors import InvalidRequest
from vox.runtime.agent.conversation import Conversation, Item, ItemError, ItemStatus, Mark, Part

__all__ = ["CallItem", "MessageItem", "ResponseItem"]


class ResponseItem:
    """One item of a response's output, opened when it is made.

    Args:
        response_id: Whose it is.
        index: Its place in the output.
        conversation: Where it is put in; None for a response that leaves no trace there.

    Raises:
        InvalidRequest: The conversation is full. Nothing was told then.
    """

    def __init__(
        self, item: Item, response_id: str, index: int, conversation: Conversation | None, outbox: Outbox
    ) -> None:
        self.item, self.closed = item, False
        self._outbox, self._conversation = outbox, conversation
        self._of_response: dict[str, Any] = {"response_id": response_id, "output_index": index}
        self._before = None if conversation is None else _put(item, conversation)
        self._tell("added")

    def close(self, status: ItemStatus) -> None:
        """Tell that it has ended, and how; the first word counts."""
        if not self.closed:
            self.closed = True
            self.item.status = status
            self._finish()
            self._tell("done")

    def _finish(self) -> None:
        """Tell the end of what it holds."""

    def _tell(self, what: Literal["added", "done"]) -> None:
        shape = item_shape(self.item)
        self._outbox.emit(f"response.output_item.{what}", **self._of_response, item=shape)
        if self._conversation is not None:
            self._outbox.emit(f"conversation.item.{what}", previous_item_id=self._before, item=shape)

    def _emit(self, type: str, **fields: Any) -> None:
        self._outbox.emit(f"response.{type}", item_id=self.item.id, **self._of_response, **fields)


class MessageItem(ResponseItem):
    """A message of the assistant with its one part, written or spoken."""

    def __init__(
        self,
        spoken: AudioType | None,
        response_id: str,
        index: int,
        conversation: Conversation | None,
        outbox: Outbox,
        *,
        aside: bool = False,
    ) -> None:
        item = Item(new_id("item"), role="assistant", status="in_progress", aside=aside)
        super().__init__(item, response_id, index, conversation, outbox)
        self._spoken: AudioType | None = spoken
        self._rate = RATES[spoken or "audio/pcm"]
        self._told, self._samples = "", 0
        self._part = Part("output_text" if spoken is None else "output_audio", "")
        item.parts.append(self._part)  # behind the item, which is told of without content
        self._emit("content_part.added", content_index=0, part=self._shape(""))

    def write(self, text: str) -> None:
        """Add to the text of a written message."""
        if not self.closed:
            self._told += text
            self._part.text = self._told
            self._emit("output_text.delta", content_index=0, delta=text)

    def speak(self, pcm: bytes, text: str | None = None) -> None:
        """Add to the sound of a spoken message.

        Args:
            pcm: 16-bit mono at the rate of its format; may be empty.
            text: What begins to be heard here.
        """
        if self.closed:
            return
        assert self._spoken is not None, "a written message is not spoken"
        if not self._is_cut():
            self._add(pcm, text or "")
        if text:
            self._told += text
            self._emit("output_audio_transcript.delta", content_index=0, delta=text)
        if pcm:
            self._samples += len(pcm) // 2
            sound = pybase64.b64encode_as_string(_coded(pcm, self._spoken))
            self._emit("output_audio.delta", content_index=0, delta=sound)

    def _add(self, pcm: bytes, text: str) -> None:
        part = self._part
        if text:
            part.text = (part.text or "") + text
            part.marks.append(Mark(text, part.audio_ms))
        part.audio_ms = self._ms(self._samples + len(pcm) // 2)
        if self._spoken == "audio/pcm":
            part.audio += pcm

    def _is_cut(self) -> bool:
        """Whether the client has truncated it: what comes now was not heard, and is no part of the conversation."""
        return self._part.audio_ms < self._ms(self._samples)

    def _ms(self, samples: int) -> int:
        return samples * 1000 // self._rate

    def _finish(self) -> None:
        text = self._told
        if self._spoken is None:
            self._emit("output_text.done", content_index=0, text=text)
        else:
            self._emit("output_audio.done", content_index=0)
            self._emit("output_audio_transcript.done", content_index=0, transcript=text)
        self._emit("content_part.done", content_index=0, part=self._shape(text))

    def _shape(self, text: str) -> dict[str, str]:
        # The events name the kinds of part as the beta did; only items name them `output_…`.
        return {"type": "text", "text": text} if self._spoken is None else {"type": "audio", "transcript": text}


class CallItem(ResponseItem):
    """A call of one of the client's tools."""

    def __init__(
        self,
        call_id: str,
        name: str,
        response_id: str,
        index: int,
        conversation: Conversation | None,
        outbox: Outbox,
    ) -> None:
        self._call_id = call_id
        item = Item(new_id("item"), "function_call", status="in_progress", call_id=call_id, name=name, arguments="")
        super().__init__(item, response_id, index, conversation, outbox)

    def write(self, arguments: str) -> None:
        """Add to the arguments."""
        if arguments and not self.closed:
            self.item.arguments = (self.item.arguments or "") + arguments
            self._emit("function_call_arguments.delta", call_id=self._call_id, delta=arguments)

    def correct(self, arguments: str) -> None:
        """Give the arguments as they were meant, before the item is closed."""
        if not self.closed:
            self.item.arguments = arguments

    def _finish(self) -> None:
        self._emit(
            "function_call_arguments.done",
            call_id=self._call_id,
            name=self.item.name,
            arguments=self.item.arguments,
        )


def _coded(pcm: bytes, format: AudioType) -> bytes:
    if format == "audio/pcm":
        return pcm
    import numpy as np  # a daemon without telephones does without

    samples = np.frombuffer(pcm, "<i2")
    return to_ulaw(samples) if format == "audio/pcmu" else to_alaw(samples)


def _put(item: Item, conversation: Conversation) -> str | None:
    try:
        return conversation.insert(item)
    except ItemError as error:
        raise InvalidRequest(str(error)) from error
