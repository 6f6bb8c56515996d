"""The body of a request: OpenAI's chat completions, told so that strict servers take it too.

Source: OpenAI's API reference, "Create chat completion". Several servers refuse empty lists of tools, a choice of tools
without any, a second system message, and earlier tool arguments that are no JSON: none of these is sent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import orjson

from vox.config.llm import LlmSettings
from vox.llm.chat import ChatRequest, Message, Tool, ToolCall

__all__ = ["Dialect", "chat_body"]

_FUNCTION = "function:"


@dataclass(frozen=True, slots=True)
class Dialect:
    """What differs from server to server, and is learned from what one refuses."""

    usage: bool = True
    """It can be asked for token counts."""
    tokens_field: str = "max_tokens"
    """The name of the limit of the answer's length."""
    parallel: bool = True
    """It can be told whether several tools may be called at once."""

    def after(self, complaint: str) -> "Dialect | None":
        """The dialect of a server that refuses a request in these words; None when they are about something else."""
        if self.usage and ("stream_options" in complaint or "include_usage" in complaint):
            return replace(self, usage=False)
        if self.tokens_field == "max_tokens" and "max_completion_tokens" in complaint:
            return replace(self, tokens_field="max_completion_tokens")
        if self.parallel and "parallel_tool_calls" in complaint:
            return replace(self, parallel=False)
        return None


def chat_body(request: ChatRequest, model: str, settings: LlmSettings, dialect: Dialect) -> dict[str, Any]:
    """The body; what is not set is left out.

    Args:
        model: Used when the request names none.
    """
    merge = settings.system_messages == "merge"
    body: dict[str, Any] = {
        "model": request.model or model,
        "stream": True,
        "stream_options": {"include_usage": True} if dialect.usage else None,
        "messages": [_message(message) for message in (_merged(request.messages) if merge else request.messages)],
        "tools": [_tool(tool) for tool in request.tools] or None,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        dialect.tokens_field: request.max_tokens or settings.max_tokens,
    }
    if request.tools:
        body["tool_choice"] = _choice(request.tool_choice)
        body["parallel_tool_calls"] = request.parallel_tool_calls if dialect.parallel else None
    return {key: value for key, value in body.items() if value is not None} | settings.extra_body


def _merged(messages: Iterable[Message]) -> Iterator[Message]:
    """The same with one system message, which stands at the front."""
    messages = tuple(messages)
    texts = [message.text for message in messages if message.role == "system" and message.text]
    if texts:
        yield Message("system", "\n\n".join(texts))
    yield from (message for message in messages if message.role != "system")


def _message(message: Message) -> dict[str, Any]:
    if message.tool_calls:
        calls = [_call(call) for call in message.tool_calls]
        return {"role": "assistant", "content": message.text or None, "tool_calls": calls}
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
    return {"role": message.role, "content": message.text}


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = call.arguments if _is_object(call.arguments) else "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(orjson.loads(arguments), dict)
    except ValueError:
        return False


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _choice(choice: str) -> str | dict[str, Any] | None:
    """None for `auto`, which is what servers do when nothing is said, and some refuse to be told."""
    if choice.startswith(_FUNCTION):
        return {"type": "function", "function": {"name": choice.removeprefix(_FUNCTION)}}
    return None if choice == "auto" else choice
