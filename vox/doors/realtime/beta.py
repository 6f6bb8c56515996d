"""The shapes of the beta, made from those of today and back. Every function is pure, and what it is given stays as is.

Inside there is only the interface of today ("GA"); a socket whose client speaks the beta has these two functions
between it and the session. What is no object where an object belongs goes through unchanged: saying what is wrong with
it is the session's affair. Source of both shapes: the types of the `openai` package, which holds both.
"""

from typing import Any, TypeAlias, cast

__all__ = ["incoming", "outgoing", "session_from_beta", "session_to_beta"]

_Object: TypeAlias = dict[str, Any]

_EVENTS = {
    "response.output_text.delta": "response.text.delta",
    "response.output_text.done": "response.text.done",
    "response.output_audio.delta": "response.audio.delta",
    "response.output_audio.done": "response.audio.done",
    "response.output_audio_transcript.delta": "response.audio_transcript.delta",
    "response.output_audio_transcript.done": "response.audio_transcript.done",
    "conversation.item.added": "conversation.item.created",
}
"""Event of today → the beta's name for it."""

_UNKNOWN = {
    "conversation.item.done",
    "conversation.item.input_audio_transcription.segment",
    "input_audio_buffer.timeout_triggered",
}
"""Events that the beta does not have."""

_CONTENT = {"output_text": "text", "output_audio": "audio"}
_CONTENT_BACK = {old: new for new, old in _CONTENT.items()}

_FORMATS = {"audio/pcm": "pcm16", "audio/pcmu": "g711_ulaw", "audio/pcma": "g711_alaw"}
_FORMATS_BACK: dict[str, _Object] = {
    "pcm16": {"type": "audio/pcm", "rate": 24_000},
    "g711_ulaw": {"type": "audio/pcmu"},
    "g711_alaw": {"type": "audio/pcma"},
}

_AUDIO = {
    "input_audio_format": ("input", "format"),
    "input_audio_transcription": ("input", "transcription"),
    "input_audio_noise_reduction": ("input", "noise_reduction"),
    "turn_detection": ("input", "turn_detection"),
    "output_audio_format": ("output", "format"),
    "voice": ("output", "voice"),
    "speed": ("output", "speed"),
}
"""Field of the beta → its place under `audio`."""

_LIMITS = ("max_response_output_tokens", "max_output_tokens")
"""The beta's names in a session and in a response."""

_TRANSCRIPTION = "transcription"


def incoming(event: _Object) -> _Object:
    """A client's event of the beta, as it is written today."""
    kind = event.get("type")
    if kind in ("session.update", "transcription_session.update") and _is_object(event.get("session")):
        session = session_from_beta(event["session"])
        if kind == "transcription_session.update":
            session = {**session, "type": _TRANSCRIPTION}
        return {**event, "type": "session.update", "session": session}
    if kind == "response.create" and _is_object(event.get("response")):
        return {**event, "response": _response_from_beta(event["response"])}
    if kind == "conversation.item.create" and _is_object(event.get("item")):
        return {**event, "item": _with_content(event["item"], _CONTENT_BACK)}
    return event


def outgoing(event: _Object) -> _Object | None:
    """A server's event as the beta writes it; None when it has nothing of the kind."""
    kind: str = event["type"]
    if kind in _UNKNOWN:
        return None
    event = {**event, "type": _EVENTS.get(kind, kind)}
    if kind in ("session.created", "session.updated"):
        transcribes = event["session"].get("type") == _TRANSCRIPTION
        return {
            **event,
            "type": f"transcription_{kind}" if transcribes else kind,
            "session": session_to_beta(event["session"]),
        }
    if "item" in event:
        event["item"] = _with_content(event["item"], _CONTENT)
    if kind in ("response.created", "response.done"):
        event["response"] = _response_to_beta(event["response"])
    if kind == "error":
        event["error"] = _error_to_beta(event["error"])
    return event


def session_from_beta(session: _Object) -> _Object:
    """The configuration of a session, from the beta. Fields that are the same in both stay, known or not."""
    result = _from_flat(session)
    if "modalities" in result:
        result["output_modalities"] = _modalities_from_beta(result.pop("modalities"))
    if "max_response_output_tokens" in result:
        result["max_output_tokens"] = result.pop("max_response_output_tokens")
    if "tool_choice" in result:
        result["tool_choice"] = _choice_from_beta(result["tool_choice"])
    result.pop("temperature", None)  # no local model is told: the user's own settings of the language model decide
    result.pop("client_secret", None)
    return result


def session_to_beta(session: _Object) -> _Object:
    """The configuration of a session, for the beta, which has no `type` and no `truncation`."""
    result = _to_flat(session)
    for name in ("type", "truncation", "prompt"):
        result.pop(name, None)
    if "max_output_tokens" in result:
        result["max_response_output_tokens"] = result.pop("max_output_tokens")
    return result


def _response_from_beta(response: _Object) -> _Object:
    limits = {name: response[name] for name in _LIMITS if name in response}
    result = session_from_beta({name: value for name, value in response.items() if name not in limits})
    if limits:
        result["max_output_tokens"] = next(iter(limits.values()))
    if isinstance(result.get("input"), list):
        result["input"] = [
            _with_content(item, _CONTENT_BACK) if _is_object(item) else item
            for item in cast("list[Any]", result["input"])
        ]
    return result


def _response_to_beta(response: _Object) -> _Object:
    result = _to_flat(response)
    if "output" in result:
        result["output"] = [_with_content(item, _CONTENT) for item in result["output"]]
    return result


def _from_flat(flat: _Object) -> _Object:
    """What the beta keeps beside everything else goes under `audio`; what is there already gives way to it."""
    result = {name: value for name, value in flat.items() if name not in _AUDIO}
    audio = dict(result["audio"]) if _is_object(result.get("audio")) else {}
    for name, (side, place) in _AUDIO.items():
        if name in flat:
            value = flat[name]
            if place == "format":
                value = _format_from_beta(value)
            audio[side] = {**(audio[side] if _is_object(audio.get(side)) else {}), place: value}
    return {**result, "audio": audio} if audio else result


def _to_flat(nested: _Object) -> _Object:
    """What sessions and responses have in common."""
    result = {name: value for name, value in nested.items() if name != "audio"}
    audio: _Object = nested.get("audio") or {}
    for name, (side, place) in _AUDIO.items():
        part: _Object = audio.get(side) or {}
        if place in part:
            value = part[place]
            result[name] = _FORMATS[value["type"]] if place == "format" else value
    if "output_modalities" in result:
        result["modalities"] = _modalities_to_beta(result.pop("output_modalities"))
    return result


def _format_from_beta(value: Any) -> Any:
    return dict(_FORMATS_BACK[value]) if isinstance(value, str) and value in _FORMATS_BACK else value


def _modalities_from_beta(value: Any) -> Any:
    """Speech always comes with its transcript, which today is not said."""
    return ["audio"] if isinstance(value, list) and "audio" in value else value


def _modalities_to_beta(value: list[str]) -> list[str]:
    return ["text", "audio"] if "audio" in value else value


def _choice_from_beta(value: Any) -> Any:
    """A named function, which the beta nests as chat completions do."""
    if _is_object(value) and _is_object(value.get("function")):
        return {"type": "function", **value["function"]}
    return value


def _with_content(item: _Object, names: dict[str, str]) -> _Object:
    content: Any = item.get("content")
    if not isinstance(content, list):
        return item
    parts = cast("list[Any]", content)
    return {
        **item,
        "content": [
            {**part, "type": names.get(part["type"], part["type"])}
            if _is_object(part) and isinstance(part.get("type"), str)
            else part
            for part in parts
        ],
    }


def _error_to_beta(error: _Object) -> _Object:
    """The field at fault by the name the client knows it under."""
    param: Any = error.get("param")
    if not isinstance(param, str):
        return error
    for name, (side, place) in _AUDIO.items():
        for root in ("session", "response"):
            path = f"{root}.audio.{side}.{place}"
            if param == path or param.startswith(f"{path}."):
                return {**error, "param": f"{root}.{name}{param.removeprefix(path)}"}
    renamed = param.replace("output_modalities", "modalities")
    if renamed == "session.max_output_tokens":
        renamed = "session.max_response_output_tokens"
    return {**error, "param": renamed}


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)
