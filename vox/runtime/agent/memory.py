"""What the agent of one conversation has in mind: notes of what was said long ago, and the latest as it was said."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from vox.config.realtime import MemorySettings
from vox.llm.chat import ChatModel, Message, Tool
from vox.runtime.agent.summary import Summarizer
from vox.runtime.agent.window import window

__all__ = ["Memory"]


class Memory:
    """The memory of one conversation. As a context manager, it ends its work on leaving.

    Args:
        settings: The settings in force.
        model: The language model in force, which writes the summaries; None where there is none.
    """

    def __init__(self, settings: Callable[[], MemorySettings], model: Callable[[], ChatModel | None]) -> None:
        self._settings, self._model = settings, model
        self._summarizer: Summarizer | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._summarizer is not None:
            await self._summarizer.aclose()

    def shown(self, messages: Sequence[Message], tools: Sequence[Tool] = ()) -> tuple[Message, ...]:
        """What the language model is shown of the whole conversation, for an answer that is wanted now.

        A summary that is being written gives way to it.
        """
        settings = self._settings()
        if self._summarizer is not None:
            self._summarizer.give_way()
            messages = self._summarizer.shorten(messages)
        return window(messages, settings.max_messages, settings.max_tokens, tools)

    def consider(self, messages: Sequence[Message]) -> None:
        """An answer is over: sum up what was said long ago, if the settings want it and it is worth it.

        Args:
            messages: The whole conversation.
        """
        if not self._settings().summarize:
            return
        if self._summarizer is None:
            self._summarizer = Summarizer(self._model)
        self._summarizer.consider(messages)
