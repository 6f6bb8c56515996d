"""Summaries of what was said long ago, written while the conversation goes on: an hour of talk stays in mind.

The latest messages stay as they are. Once enough older ones have come together, the language model sums them up; an
answer that is wanted meanwhile does not wait for that, it is given with what there is. Summaries belong to the very
messages they were made from: when a client takes one of those out of the conversation, they are forgotten with it.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from vox.errors import LlmFailed, VoxError
from vox.llm.chat import ChatModel, ChatRequest, Message, TextDelta
from vox.log import get_logger
from vox.runtime.agent.window import estimate, groups_of

__all__ = ["Summarizer"]

_WINDOW = 10  # of the latest messages, which stay as they are
_BUFFER = 5  # messages beyond those make it worth summing up
_SUMMARIES = 3  # then the two oldest are made one
_TOKENS = 150  # of a summary: a hundred words
_REQUEST_S = 60.0  # nobody waits for it, but a request that never ends would keep the server from its work
_LONGEST_TEXT = 4_000  # characters of one message that a summary is made from: a tool's result may be a whole page
_THOUGHTS = 8  # times as long as a summary may the model write: what it thinks first is not kept
_PATIENCE = 3  # times running that a summary gives way to an answer

_TASK = (
    "You keep the notes of a spoken conversation for the assistant in it. Write down what the assistant must still know"
    " later: names, numbers, dates, wishes, decisions, results of tools, open questions. Write in the language of the"
    " conversation, in plain sentences, {words} words at most, without any introduction."
)
_SENTENCE_END = re.compile(r"[.!?…](?=\s)|[。！？](?=.)")

_EARLIER = "Notes of what was said before the messages below:"

_log = get_logger()


@dataclass(frozen=True, slots=True)
class _Summary:
    text: str
    of: tuple[Message, ...]


class Summarizer:
    """The summaries of one conversation.

    Args:
        model: The language model in force, which sums up; where there is none, nothing is.
    """

    def __init__(self, model: Callable[[], ChatModel | None]) -> None:
        self._model = model
        self._summaries: list[_Summary] = []
        self._not_before = 0
        """Messages that the conversation must have for another attempt."""
        self._given_way = 0
        self._task: asyncio.Task[None] | None = None

    async def aclose(self) -> None:
        """End the work on a summary."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    @property
    def busy(self) -> bool:
        """A summary is being written."""
        return self._task is not None and not self._task.done()

    def shorten(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages with the summaries, in one system message at the front, in the place of those they are of."""
        system = [message for message in messages if message.role == "system"]
        said = _said(messages)
        known = self._known(said)
        if not known:
            return tuple(messages)
        notes = "\n\n".join([_EARLIER, *(summary.text for summary in known)])
        front = "\n\n".join([*(message.text for message in system if message.text), notes])
        return (Message("system", front), *said[sum(len(summary.of) for summary in known) :])

    def consider(self, messages: Sequence[Message]) -> None:
        """Begin a summary, if enough was said since the last one. Called when nobody waits for an answer.

        Args:
            messages: The whole conversation as the language model would be shown it.
        """
        model = self._model()
        if self.busy or model is None:
            return
        said = _said(messages)
        self._summaries = self._known(said)
        older = self._older(said[sum(len(summary.of) for summary in self._summaries) :])
        if older and len(said) >= self._not_before:
            self._task = asyncio.get_running_loop().create_task(self._work(model, older, len(said)))

    def give_way(self) -> None:
        """An answer is wanted: leave the language model to it. Too often running, the summary goes on beside it."""
        if self._task is not None and self.busy and self._given_way < _PATIENCE:
            self._given_way += 1
            self._task.cancel()

    def _known(self, said: tuple[Message, ...]) -> list[_Summary]:
        """The summaries that are of the very messages at the front."""
        known: list[_Summary] = []
        at = 0
        for summary in self._summaries:
            if said[at : at + len(summary.of)] != summary.of:
                break
            known.append(summary)
            at += len(summary.of)
        return known

    def _older(self, said: tuple[Message, ...]) -> tuple[Message, ...]:
        """What to sum up now, whole groups only."""
        if len(said) < _WINDOW + _BUFFER:
            return ()
        older: list[Message] = []
        for group in groups_of(said):
            if len(older) + len(group) > len(said) - _WINDOW:
                break
            older += group
        return tuple(older)

    async def _work(self, model: ChatModel, older: tuple[Message, ...], length: int) -> None:
        try:
            async with asyncio.timeout(_REQUEST_S):
                await self._join_surplus(model)
                self._summaries.append(_Summary(await self._sum_up(model, _transcript(older)), older))
                await self._join_surplus(model)
        except (VoxError, TimeoutError) as error:
            self._not_before = length + _BUFFER  # what was said until then can be summed up as well later
            _log.warning("summary.failed", why=str(error) or f"it took longer than {_REQUEST_S:g} s")
            return
        self._given_way = 0
        _log.info("summary.made", messages=len(older), summaries=len(self._summaries))

    async def _join_surplus(self, model: ChatModel) -> None:
        """Make one of as many of the oldest as are too many."""
        count = len(self._summaries) - _SUMMARIES + 1
        if count < 2:
            return
        oldest = self._summaries[:count]
        text = await self._sum_up(model, "\n\n".join(summary.text for summary in oldest))
        self._summaries[:count] = [_Summary(text, tuple(message for summary in oldest for message in summary.of))]

    async def _sum_up(self, model: ChatModel, text: str) -> str:
        """A summary of a text.

        Raises:
            VoxError: The language model fails, or has nothing to say.
        """
        task = _TASK.format(words=_TOKENS * 2 // 3)
        messages = (Message("system", task), Message("user", text))
        pieces: list[str] = []
        async with aclosing(model.stream(ChatRequest(messages, max_tokens=_TOKENS * _THOUGHTS))) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    pieces.append(event.text)
        summary = _shortened("".join(pieces).strip(), _TOKENS)
        if not summary:
            raise LlmFailed("The language model has written an empty summary.")
        return summary


def _said(messages: Sequence[Message]) -> tuple[Message, ...]:
    return tuple(message for message in messages if message.role != "system")


def _transcript(messages: Sequence[Message]) -> str:
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    return "\n".join(line for message in messages for line in _lines(message, names))


def _lines(message: Message, names: dict[str, str]) -> Iterator[str]:
    text = message.text if len(message.text) <= _LONGEST_TEXT else f"{message.text[:_LONGEST_TEXT]} …"
    if message.role == "tool":
        yield f"{names.get(message.tool_call_id or '', 'The tool')} gave: {text}"
    elif text:
        yield f"{'User' if message.role == 'user' else 'Assistant'}: {text}"
    for call in message.tool_calls:
        yield f"Assistant called {call.name} with {call.arguments[:_LONGEST_TEXT]}"


def _shortened(text: str, tokens: int) -> str:
    """The sentences of the text that fit; where not even the first does, its begin."""
    if estimate(text) <= tokens:
        return text
    ends = (end.end() for end in _SENTENCE_END.finditer(text))
    fitting = [end for end in ends if estimate(text[:end]) <= tokens]
    return text[: fitting[-1]] if fitting else text[: len(text) * tokens // estimate(text)]
