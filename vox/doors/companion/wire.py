"""Values of the runtime as the companion bridge writes them, and its requests as the runtime wants them."""

from pathlib import Path
from typing import Any, cast

import orjson
from starlette.responses import Response

from vox.doors.bodies import Form
from vox.doors.rpc.shapes import transcript_shape
from vox.errors import InvalidRequest, VoxError
from vox.runtime.requests import Caller, TranscribeRequest
from vox.types import ModelInfo, Transcript

__all__ = [
    "alignment_shape",
    "answer",
    "backends_shape",
    "caller_of",
    "failure",
    "features_shape",
    "transcribe_request",
    "transcription_shape",
]

_NO_WORDS = {"false", "0", "no", "off", "none", "segment", "segments"}
_WORDS = {"true", "1", "yes", "on", "word", "words"}

_PUBLISHED_BACKENDS: tuple[str, ...] = ("parakeet", "avspeech")  # clients look these two up


def answer(value: Any, status: int = 200) -> Response:
    """An answer in JSON, which no browser may keep or take for something else."""
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(orjson.dumps(value), status, headers, "application/json")


def failure(error: VoxError) -> Response:
    """The error as published clients read it, a string, with its facts beside it."""
    return answer({"error": error.message, "errorInfo": error.info()}, error.http_status)


def caller_of(fields: dict[str, Any], method: str) -> Caller:
    """Who asks: `clientId`, or what the form's `metadata` says.

    Raises:
        InvalidRequest: `metadata` is no JSON object.
    """
    metadata = _metadata(fields.get("metadata"))
    named = (fields.get("clientId"), metadata.get("clientId"), metadata.get("surface"))
    return Caller(next((name for name in named if isinstance(name, str) and name), "vox-web"), method)


def transcribe_request(form: Form, audio: Path) -> TranscribeRequest:
    """What a form asks. Published clients show words without asking for them, so they come unless refused.

    Raises:
        InvalidRequest: `timestamps` is no word for any kind of them.
    """
    timestamps = form.fields.get("timestamps", "").strip().lower() or "words"
    if timestamps not in _WORDS | _NO_WORDS:
        raise InvalidRequest(f"timestamps is {timestamps!r}; it must be words, segments or none.")
    return TranscribeRequest(
        source=audio,
        model=form.fields.get("modelId", "").strip() or None,
        language=form.fields.get("language", "").strip() or None,
        prompt=form.fields.get("prompt", "").strip() or None,
        words=timestamps in _WORDS,
    )


def transcription_shape(transcript: Transcript) -> dict[str, Any]:
    """A transcript. `realtimeFactor` is all the time it took over the length of the audio, as published."""
    shape = transcript_shape(transcript, classic=True)
    total, length = shape["elapsedMs"], shape["durationMs"]
    metrics = {
        **shape["metrics"],
        "inferenceMs": shape["metrics"].get("inferenceMs", total),
        "totalMs": total,
        "realtimeFactor": total / length if length else 0,
    }
    return {**shape, "metrics": metrics}


def alignment_shape(transcript: Transcript) -> dict[str, Any]:
    """When each word is said."""
    shape = transcript_shape(transcript, classic=True)
    return {"alignment": {name: shape[name] for name in ("words", "text", "durationMs")}}


def features_shape(models: list[ModelInfo]) -> dict[str, bool]:
    """What a page can have here now."""
    ready = [model for model in models if model.installed and model.available]
    heard = [model for model in ready if model.kind == "asr"]
    return {
        "alignment": any(model.words for model in heard),
        "local_asr": bool(heard),
        "local_tts": any(model.kind == "tts" for model in ready),
        "realtime": bool(heard),
        "streaming_audio": False,
        "streaming_progress": True,
    }


def backends_shape(models: list[ModelInfo]) -> dict[str, bool]:
    """The engines, each with whether it can be used."""
    backends: dict[str, bool] = dict.fromkeys(_PUBLISHED_BACKENDS, False)
    for model in models:
        backends[model.backend] = backends.get(model.backend, False) or (model.installed and model.available)
    return backends


def _metadata(written: Any) -> dict[str, Any]:
    if written is None or isinstance(written, dict):
        return cast("dict[str, Any]", written or {})
    try:
        value: Any = orjson.loads(written or "{}") if isinstance(written, str) else None
    except orjson.JSONDecodeError:
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest("metadata must be a JSON object.")
    return cast("dict[str, Any]", value)
