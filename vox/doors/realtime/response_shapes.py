"""How a response, its failure and its use of tokens look on the wire, in GA shape."""

from typing import Any, Literal

from vox.doors.realtime.formats import format_shape
from vox.doors.realtime.response_config import ResponseConfig
from vox.doors.realtime.wire import error_of
from vox.errors import VoxError
from vox.llm.chat import Usage

__all__ = ["EndReason", "ResponseStatus", "response_shape", "status_details", "usage_shape"]

ResponseStatus = Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]
EndReason = Literal["turn_detected", "client_cancelled", "max_output_tokens", "content_filter"]
"""Why a response was cancelled (the first two) or is incomplete."""


def status_details(
    status: ResponseStatus, reason: EndReason | None = None, error: VoxError | None = None
) -> dict[str, Any] | None:
    """Why a response ended as it did; None where nothing is to be said of it."""
    if error is not None:
        return {"type": status, "error": error_of(error)}
    return None if reason is None else {"type": status, "reason": reason}


def response_shape(
    id: str,
    config: ResponseConfig,
    conversation_id: str | None,
    *,
    status: ResponseStatus = "in_progress",
    details: dict[str, Any] | None = None,
    output: list[dict[str, Any]] | None = None,
    usage: Usage | None = None,
) -> dict[str, Any]:
    """The response object. The nulls are meant; usage is absent where it is not known.

    Args:
        conversation_id: Where its items are; None for a response outside the conversation.
        output: Its items' shapes.
    """
    told: dict[str, Any] = {
        "object": "realtime.response",
        "id": id,
        "status": status,
        "status_details": details,
        "output": output or [],
        "conversation_id": conversation_id,
        "output_modalities": [config.output_modality],
        "max_output_tokens": config.max_output_tokens,
        "audio": {"output": {"format": format_shape(config.output_format), "voice": config.voice}},
        "metadata": config.metadata,
    }
    return told if usage is None else told | {"usage": usage_shape(usage)}


def usage_shape(usage: Usage) -> dict[str, Any]:
    """The tokens of a response as the language model's server counted them.

    It reads and writes text alone, also where the text is spoken: no tokens are made of sound.
    """
    return {
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "input_token_details": {
            "text_tokens": usage.input_tokens,
            "audio_tokens": 0,
            "cached_tokens": usage.cached_tokens,
        },
        "output_token_details": {"text_tokens": usage.output_tokens, "audio_tokens": 0},
    }
