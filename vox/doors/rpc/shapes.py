"""Values of the runtime as the client RPC writes them."""

from collections.abc import Callable
from typing import Any

from vox.doors.rpc.handler import Emit
from vox.errors import VoxError
from vox.types import ModelInfo, Progress, Speech, Transcript, Voice, Word

__all__ = [
    "model_shape",
    "problems_shape",
    "progress_emitter",
    "speech_shape",
    "transcript_shape",
    "voice_shape",
    "words_shape",
]


def progress_emitter(emit: Emit) -> Callable[[Progress], None]:
    """Tells of progress as `models.progress`."""

    def report(progress: Progress) -> None:
        counts = {"bytesDone": progress.bytes_done, "bytesTotal": progress.bytes_total}
        known = {name: value for name, value in counts.items() if value is not None}
        told = {"modelId": progress.model, "progress": progress.fraction, "status": progress.status}
        emit("models.progress", told | known)

    return report


def problems_shape(problems: list[tuple[str, VoxError]]) -> list[dict[str, Any]]:
    """The providers that could not answer, and why."""
    return [{"provider": name, **error.info()} for name, error in problems]


def model_shape(info: ModelInfo) -> dict[str, Any]:
    """A model."""
    return {
        "id": info.id,
        "name": info.name,
        "backend": info.backend,
        "installed": info.installed,
        "preloaded": info.preloaded,
        "available": info.available,
        "kind": info.kind,
        "provider": info.provider,
        "languages": list(info.languages),
        "words": info.words,
        "sampleRate": info.sample_rate,
        "sizeBytes": info.size_bytes,
        "description": info.description,
        **({"remedy": info.remedy} if info.remedy else {}),
    }


def voice_shape(voice: Voice) -> dict[str, Any]:
    """A voice."""
    return {
        "id": voice.id,
        "name": voice.name,
        "language": voice.language,
        "backend": voice.backend,
        "modelId": voice.model,
        "available": voice.available,
        "default": voice.default,
    }


def speech_shape(speech: Speech) -> dict[str, Any]:
    """What was spoken, without the audio."""
    return {
        "modelId": speech.model,
        "voiceId": speech.voice,
        "format": speech.format,
        "contentType": speech.content_type,
        "elapsedMs": round(speech.elapsed_ms),
        "durationMs": round(speech.duration_s * 1000),
        "metrics": {"traceId": speech.trace_id, **speech.metrics},
        "traceId": speech.trace_id,
    }


def transcript_shape(transcript: Transcript, *, classic: bool) -> dict[str, Any]:
    """What was recognised. The classic dialect has a list of words always."""
    words, segments = transcript.words, transcript.segments
    shown = words_shape(words)
    return {
        "modelId": transcript.model,
        "text": transcript.text,
        "elapsedMs": round(transcript.elapsed_ms),
        "durationMs": round(transcript.duration_s * 1000),
        "metrics": {"traceId": transcript.trace_id, **transcript.metrics},
        "words": shown if shown is not None or not classic else [],
        "segments": None
        if segments is None
        else [{"id": s.id, "start": s.start, "end": s.end, "text": s.text} for s in segments],
        "language": transcript.language,
        "historyId": None,
        "traceId": transcript.trace_id,
    }


def words_shape(words: tuple[Word, ...] | None) -> list[dict[str, Any]] | None:
    """Words and when they are said, in seconds; None when the model does not tell."""
    if words is None:
        return None
    return [{"word": w.word, "start": w.start, "end": w.end, "confidence": w.confidence} for w in words]
