"""A language model behind OpenAI's chat completions: one request, read as it is written, and cut when nobody listens.

What could not be reached, was refused for now or failed inside the server is asked once more, if nothing of the answer
had come yet. httpx is loaded with the first request or `warm_up`, whichever comes first: the daemon starts without it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from vox.config.llm import LlmSettings
from vox.errors import VoxError
from vox.llm.answer import read_answer
from vox.llm.body import Dialect, chat_body
from vox.llm.chat import ChatEvent, ChatModel, ChatRequest
from vox.llm.connection import Connection
from vox.llm.presets import Server, resolve
from vox.llm.refusal import may_be_repeated

__all__ = ["ChatCompletions", "make_chat_model"]

_REPEAT_S = 0.25  # a server that is starting anew, or shedding load for a moment
_LONGEST_WAIT_S = 5.0  # nobody waits longer in a conversation: then the failure is told instead


def make_chat_model(settings: LlmSettings | None) -> ChatModel | None:
    """The language model that is configured; None when none is. What is missing for it to work, `stream` tells."""
    return ChatCompletions(settings) if settings is not None and settings.names_any else None


class ChatCompletions:
    """Streams answers. One instance serves any number of conversations at once, over connections it keeps open."""

    def __init__(self, settings: LlmSettings) -> None:
        self._settings = settings
        self._connection = Connection(settings.timeouts)
        self._learned: Dialect | None = None

    @property
    def name(self) -> str:
        """The configured model's."""
        return self._settings.model or self._settings.preset or "unknown"

    async def warm_up(self) -> None:
        """Load what a request needs, so that the first one does not wait for it. Nothing is sent.

        Raises:
            LlmNotConfigured: Server or model are not named.
            ConfigError: The key cannot be read.
        """
        await self._connection.warm_up(resolve(self._settings))

    async def aclose(self) -> None:
        """Close the connections, as soon as the last answer is over."""
        await self._connection.aclose()

    async def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """As `ChatModel.stream`.

        Raises:
            LlmNotConfigured: Server or model are not named.
            ConfigError: The key cannot be read.
            VoxError: As `ChatModel.stream`.
        """
        server = resolve(self._settings)
        deadline = asyncio.get_running_loop().time() + self._settings.timeouts.first_token_ms / 1000
        repeated = False
        while True:
            begun, dialect = False, self._learned or server.dialect
            try:
                async with aclosing(self._attempt(server, request, dialect, deadline)) as events:
                    async for event in events:
                        begun = True
                        yield event
                return
            except VoxError as error:
                if begun:
                    raise
                if self._learn(dialect, error):
                    continue
                wait_s = _wait_s(error, deadline)
                if repeated or wait_s is None:
                    raise
                repeated = True
                await asyncio.sleep(wait_s)

    async def _attempt(
        self, server: Server, request: ChatRequest, dialect: Dialect, deadline: float
    ) -> AsyncGenerator[ChatEvent]:
        body = chat_body(request, server.model, self._settings, dialect)
        async with self._connection.open(server, "chat/completions", body, deadline) as response:
            idle_s, begun = self._settings.timeouts.idle_ms / 1000, self._settings.thinking == "begun"
            answer = read_answer(response, server.host, deadline, idle_s, thinking_begun=begun)
            async with aclosing(answer) as events:
                async for event in events:
                    yield event

    def _learn(self, spoken: Dialect, error: VoxError) -> bool:
        """Whether the refusal is about a field that can be left out; from now on it is."""
        if error.details.get("status") not in (400, 422) or spoken.after(error.message) is None:
            return False
        known = self._learned or spoken  # another conversation may have learned it, or something else, meanwhile
        self._learned = known.after(error.message) or known
        return True


def _wait_s(error: VoxError, deadline: float) -> float | None:
    """Seconds until the request may be repeated; None when it may not."""
    if not may_be_repeated(error):
        return None
    wait_s = error.details.get("retryAfterMs", _REPEAT_S * 1000) / 1000
    in_time = asyncio.get_running_loop().time() + wait_s < deadline
    return wait_s if wait_s <= _LONGEST_WAIT_S and in_time else None
