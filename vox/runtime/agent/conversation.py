"""What was said so far in one spoken conversation, as heard, and what a language model is shown of it.

Items stand in an order that clients may change: put in, taken out, cut where the listener interrupted. Sound is kept
for the latest items only, so that a conversation of hours needs no more memory than one of minutes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from vox.llm.chat import Message, ToolCall
from vox.runtime.agent.heard import Mark, heard_of

__all__ = ["BYTES_PER_MS", "Conversation", "Item", "ItemError", "ItemStatus", "Part", "PartKind", "Role", "messages_of"]

BYTES_PER_MS = 48
"""Of the sound in a part: 16-bit mono at 24 kHz."""

PartKind = Literal["input_text", "input_audio", "input_image", "output_text", "output_audio"]
ItemStatus = Literal["in_progress", "completed", "incomplete"]
Role = Literal["user", "assistant", "system"]

_KEPT_AUDIO = 16 << 20  # bytes, some six minutes: clients ask for the sound of the turn that has just ended, if ever
_LONGEST_TOLD = 256  # characters of an id, in an error: none that is there has more
_MOST_ITEMS = 10_000  # a turn a second for hours
_MOST_TEXT = 32 << 20  # characters: more than any model reads, less than what would hurt the machine


class ItemError(ValueError):
    """The conversation cannot be changed like that; the message tells why, `unknown` whether an item is missing."""

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown


@dataclass(slots=True, eq=False)
class Part:
    """A piece of a message's content."""

    kind: PartKind
    text: str | None = None
    """What is written, or what the sound says; None as long as that is not known."""
    audio: bytearray = field(default_factory=bytearray)
    """16-bit mono at 24 kHz; empty where there is none, or none any more."""
    audio_ms: int = 0
    """How long the sound is, kept or not."""
    marks: list[Mark] = field(default_factory=list[Mark])
    """The pieces of `text` in order, with their moments; empty where these are not known."""


@dataclass(slots=True, eq=False)
class Item:
    """A message, a call of a tool, or its result. What does not belong to its type is None or empty."""

    id: str
    type: Literal["message", "function_call", "function_call_output"] = "message"
    role: Role | None = None
    status: ItemStatus = "completed"
    parts: list[Part] = field(default_factory=list[Part])
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | None = None
    aside: bool = False
    """Said while the answer is thought of: clients see it, the language model never does."""

    @property
    def text(self) -> str:
        """All that is written or said in it, as far as it is known."""
        return "".join(part.text or "" for part in self.parts)

    @property
    def size(self) -> int:
        """Characters of text."""
        texts = (self.name, self.arguments, self.output, *(part.text for part in self.parts))
        return sum(len(text) for text in texts if text)


class Conversation:
    """The items of one session, in order."""

    def __init__(self) -> None:
        self._items: dict[str, Item] = {}
        self._order: list[str] = []

    def __iter__(self) -> Iterator[Item]:
        return iter([self._items[key] for key in self._order])

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, key: str) -> bool:
        return key in self._items

    def insert(self, item: Item, after: str | None = None) -> str | None:
        """Put an item in.

        Args:
            after: The id of the item it comes behind; None puts it at the end, "root" at the beginning.

        Returns:
            The id of the item before it; None when it is the first.

        Raises:
            ItemError: The id is taken, `after` is not there (`unknown`), or the conversation is full.
        """
        if item.id in self._items:
            raise ItemError(f"There is an item {item.id!r} already; leave the id out to have one made.")
        at = self._place(after)
        self._check_room(item)
        self._items[item.id] = item
        self._order.insert(at, item.id)
        if item.parts:
            self._let_old_sound_go()
        return self._order[at - 1] if at else None

    def get(self, key: str) -> Item:
        """The item of an id.

        Raises:
            ItemError: There is none (`unknown`).
        """
        try:
            return self._items[key]
        except KeyError:
            told = key if len(key) <= _LONGEST_TOLD else f"{key[:_LONGEST_TOLD]}…"
            raise ItemError(f"There is no item {told!r} in the conversation.", unknown=True) from None

    def delete(self, key: str) -> Item:
        """Take an item out.

        Raises:
            ItemError: There is none (`unknown`).
        """
        item = self.get(key)
        del self._items[key]
        self._order.remove(key)
        return item

    def clear(self) -> None:
        """Take all items out."""
        self._items.clear()
        self._order.clear()

    def truncate(self, key: str, content_index: int, audio_end_ms: int) -> Item:
        """Cut an assistant's speech to what was heard of it: the sound, and the text that had not begun to be heard.

        Args:
            audio_end_ms: How much of the part was played.

        Raises:
            ItemError: There is no such item (`unknown`) or part, it is not the assistant's speech, or it is shorter.
        """
        item = self.get(key)
        part = _spoken_part(item, content_index)
        if not 0 <= audio_end_ms <= part.audio_ms:
            raise ItemError(f"Audio content of {part.audio_ms} ms is already shorter than {audio_end_ms} ms.")
        part.marks = heard_of(part.marks or [Mark(part.text or "", 0)], part.audio_ms, audio_end_ms)
        part.text = "".join(mark.text for mark in part.marks)
        del part.audio[audio_end_ms * BYTES_PER_MS :]
        part.audio_ms = audio_end_ms
        return item

    def last_spoken_ms(self) -> int:
        """How long the speech at the end of the conversation is: all since the user's last turn."""
        spoken = 0
        for item in reversed(list(self)):
            if item.role == "user":
                break
            spoken += sum(part.audio_ms for part in item.parts)
        return spoken

    def messages(self, instructions: str = "") -> tuple[Message, ...]:
        """What a language model is shown: see `messages_of`."""
        return messages_of(self, instructions)

    def _place(self, after: str | None) -> int:
        if after is None:
            return len(self._order)
        if after == "root":
            return 0
        self.get(after)
        return self._order.index(after) + 1

    def _check_room(self, item: Item) -> None:
        if len(self._order) >= _MOST_ITEMS:
            raise ItemError(f"The conversation holds {_MOST_ITEMS} items, which is the most; delete some first.")
        if item.size > 10_000 and item.size + sum(one.size for one in self._items.values()) > _MOST_TEXT:
            raise ItemError(f"The conversation would hold more than {_MOST_TEXT} characters; delete some items first.")

    def _let_old_sound_go(self) -> None:
        left = _KEPT_AUDIO
        for key in reversed(self._order):
            item = self._items[key]
            for part in item.parts:
                left -= len(part.audio)
                if left < 0 and item.status != "in_progress":
                    part.audio = bytearray()


def messages_of(items: Iterable[Item], instructions: str = "") -> tuple[Message, ...]:
    """Items as a language model's messages.

    All system texts are one message at the front. A user's turn that is not recognised is left out, and so is an
    aside. Consecutive calls of tools are one message, joined with the assistant's text right before them, and their
    results follow it wherever they stand; a call without a result is left out, and a result without a call.
    """
    known = [item for item in items if not item.aside]
    results = {item.call_id: item for item in known if item.type == "function_call_output"}
    system = [instructions, *(item.text for item in known if item.role == "system")]
    messages: list[Message] = []
    calls: list[ToolCall] = []
    called: set[str | None] = set()
    for item in known:
        if item.type == "function_call":
            if item.call_id in results and item.call_id not in called:
                called.add(item.call_id)
                calls.append(ToolCall(item.call_id or "", item.name or "", item.arguments or "{}"))
            continue
        if item.type == "message" and item.role in ("user", "assistant") and item.text.strip():
            messages += _called(messages, calls, results)
            calls = []
            messages.append(Message(item.role, item.text))
    messages += _called(messages, calls, results)
    front = "\n\n".join(text for text in system if text.strip())
    return (Message("system", front), *messages) if front else tuple(messages)


def _called(messages: list[Message], calls: list[ToolCall], results: dict[str | None, Item]) -> list[Message]:
    """The messages of calls that were made together; text right before them is taken off `messages` and joined."""
    if not calls:
        return []
    before = messages[-1] if messages else None
    text = ""
    if before is not None and before.role == "assistant" and not before.tool_calls:
        text = messages.pop().text
    answers = [Message("tool", results[call.id].output or "", tool_call_id=call.id) for call in calls]
    return [Message("assistant", text, tuple(calls)), *answers]


def _spoken_part(item: Item, content_index: int) -> Part:
    if item.type != "message" or item.role != "assistant":
        raise ItemError(f"Item {item.id!r} is not a message of the assistant, and only those can be truncated.")
    if not 0 <= content_index < len(item.parts):
        raise ItemError(f"Item {item.id!r} has no content {content_index}; it has {len(item.parts)}.")
    part = item.parts[content_index]
    if part.kind != "output_audio":
        raise ItemError(f"Content {content_index} of item {item.id!r} has no audio, so there is nothing to truncate.")
    return part
