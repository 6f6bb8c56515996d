"""An answer out of its chunks, whatever liberties the server takes with OpenAI's chat completions.

Source of the shape: OpenAI's API reference, "Chat completion chunk object"; of the liberties: the servers named in
`vox.llm.presets`. Thoughts (`reasoning`, `reasoning_content`, `<think>…</think>`) are left out.
"""

from collections.abc import Iterator
from typing import Any, cast

import orjson

from vox.errors import LlmFailed
from vox.llm.calls import Calls
from vox.llm.chat import ChatEvent, Finished, FinishReason, TextDelta, Usage
from vox.llm.refusal import refusal
from vox.llm.sse import DONE
from vox.llm.thinking import Thinking

__all__ = ["Reading"]

_REASONS: dict[str, FinishReason] = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "content_filter": "content_filter",
    "safety": "content_filter",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
"""Any other reason, such as `stop` or a template's `eos`, is that the model was done."""


class Reading:
    """The state of one answer.

    Args:
        server: How messages name the server.
        thinking_begun: The answer begins inside a thought, whose opening mark was in the prompt.
    """

    def __init__(self, server: str, *, thinking_begun: bool = False) -> None:
        self.server = server
        self._thinking, self._calls = Thinking(begun=thinking_begun), Calls()
        self._usage: Usage | None = None
        self._reason: str | None = None
        self.done = False
        """The server said that nothing more comes."""
        self.written = 0
        """Pieces the model has written so far, thoughts included."""

    @property
    def finished(self) -> bool:
        """The model has said why it ended; token counts may still come."""
        return self._reason is not None

    def feed(self, payload: bytes) -> Iterator[ChatEvent]:
        """The events of one payload.

        Raises:
            VoxError: The payload tells of a failure, or is nothing that can be read.
        """
        if payload == DONE:
            self.done = True
            return
        try:
            value: Any = orjson.loads(payload)
        except ValueError:
            raise LlmFailed(f"{self.server} sends an answer that is no JSON.") from None
        if not isinstance(value, dict):
            raise LlmFailed(f"{self.server} sends an answer that is no object.")
        chunk = cast("dict[str, Any]", value)
        if chunk.get("error"):
            raise self._failure(chunk["error"])
        self._count(chunk)
        choices = chunk.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], dict):
            yield from self._choice(cast("dict[str, Any]", choices[0]))

    def end(self) -> Iterator[ChatEvent]:
        """The last events, when the stream has ended.

        Raises:
            LlmFailed: It ended in the middle of the answer, or all of it was the thought it began with.
        """
        if not self.finished and not self.done:
            raise LlmFailed(f"{self.server} broke off in the middle of its answer.")
        if text := self._thinking.end():
            yield TextDelta(text)
        reason = _REASONS.get(self._reason or "stop", "stop")
        if self.written and self._thinking.never_ended and reason == "stop" and not self._calls:
            raise LlmFailed(
                f"{self.server} never wrote </think>, so that its whole answer counts as a thought: llm.thinking is "
                '"begun" in the settings. If this model does not think, set it to "marked".'
            )
        yield Finished("tool_calls" if self._calls and reason == "stop" else reason, self._usage)

    def _choice(self, choice: dict[str, Any]) -> Iterator[ChatEvent]:
        delta: Any = choice.get("delta") or choice.get("message") or {}
        if isinstance(delta, dict):
            yield from self._delta(cast("dict[str, Any]", delta))
        reason = choice.get("finish_reason")
        if reason == "error":
            raise self._failure(choice.get("error") or {})
        if reason:
            self._reason = str(reason)

    def _delta(self, delta: dict[str, Any]) -> Iterator[ChatEvent]:
        thought = delta.get("reasoning") or delta.get("reasoning_content")
        text = _text_of(delta.get("content")) or _text_of(delta.get("refusal"))
        calls: Any = delta.get("tool_calls") or []
        self.written += bool(thought or text or calls or delta.get("content"))
        if thought:  # the server takes the thoughts out itself
            self._thinking.end_first()
        if text and (shown := self._thinking.feed(text)):
            yield TextDelta(shown)
        if isinstance(calls, list):
            yield from self._calls.feed(cast("list[Any]", calls))

    def _count(self, chunk: dict[str, Any]) -> None:
        """Counts stand in the last chunk, in each (the last holds), or where Groq puts them."""
        counts: Any = chunk.get("usage") or _object(chunk.get("x_groq")).get("usage")
        if isinstance(counts, dict):
            fields = cast("dict[str, Any]", counts)
            self._usage = Usage(
                input_tokens=_number(fields.get("prompt_tokens")),
                output_tokens=_number(fields.get("completion_tokens")),
                cached_tokens=_number(_object(fields.get("prompt_tokens_details")).get("cached_tokens")),
            )

    def _failure(self, error: Any) -> Exception:
        fields = cast("dict[str, Any]", error) if isinstance(error, dict) else {"message": str(error)}
        return refusal(self.server, 0, fields)


def _object(value: Any) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _text_of(content: Any) -> str:
    """A text, or the texts of a list of parts; parts of other kinds are thoughts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = (_object(part) for part in cast("list[Any]", content))
    return "".join(str(part.get("text") or "") for part in parts if part.get("type", "text") == "text")
