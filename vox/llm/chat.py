"""What is asked of a language model, and what comes back while it writes: values and one interface, no network."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

__all__ = [
    "ChatEvent",
    "ChatModel",
    "ChatRequest",
    "FinishReason",
    "Finished",
    "Message",
    "TextDelta",
    "Tool",
    "ToolCall",
    "ToolCallDelta",
    "Usage",
]

FinishReason = Literal["stop", "tool_calls", "length", "content_filter"]
"""Why the model ended: it was done, it wants tools called, it ran into the limit, or it was not allowed to go on."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model made earlier in the conversation; `arguments` is the JSON text as it wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation. `tool_calls` stands with an assistant's, `tool_call_id` with a tool's."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One answer that is wanted."""

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """`auto`, `none`, `required`, or `function:NAME`; without tools it says nothing."""
    parallel_tool_calls: bool | None = None
    """Whether several tools may be called at once; None leaves it to the server."""
    max_tokens: int | None = None
    """The longest answer, in tokens; None sets no limit beyond the configured one."""
    model: str | None = None
    """Another model at the same server; None is the configured one."""


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A new piece of the answer's text, never empty."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A new piece of one call's `arguments`, which may be empty; `id` and `name` are filled in every piece."""

    index: int
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them; `cached_tokens` are those of the input it knew already."""

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of every answer; `usage` is None when the server told none."""

    reason: FinishReason
    usage: Usage | None = None


ChatEvent = TextDelta | ToolCallDelta | Finished


class ChatModel(Protocol):
    """A language model that answers in pieces."""

    @property
    def name(self) -> str:
        """The model that answers when a request names none."""
        ...

    def stream(self, request: ChatRequest) -> AsyncGenerator[ChatEvent]:
        """The answer as it is written; exactly one `Finished` comes last. Closing the generator cuts the request.

        Raises:
            LlmNotConfigured: It is not told which server or model is meant.
            ConfigError: The key is kept where it cannot be read.
            LlmUnavailable: The server cannot be reached, or is overloaded.
            LlmTimeout: No first token in time, or none after the ones that came.
            LlmFailed: The server refused, answered with an error, or broke off in the middle.
            RateLimited: It takes no more requests for now.
            ProviderUnauthorized: It wants a key, or refuses the one that is configured.
            PaymentRequired: The account has no credit left.
        """
        ...

    async def warm_up(self) -> None:
        """Load what a request needs, so that the first one does not wait for it. Nothing is sent."""
        ...

    async def aclose(self) -> None:
        """Close the connections, as soon as the last answer is over."""
        ...
