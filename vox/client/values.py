"""Answers of the daemon as the values of `vox.types`. Loaded by the calls that return one: a command needs none."""

from binascii import a2b_base64
from typing import Any

from vox.types import ModelInfo, Partial, Progress, Segment, Speech, Transcript, Voice, Word

__all__ = ["model_of", "partial_of", "progress_of", "speech_of", "transcript_of", "voice_of"]


def transcript_of(answer: dict[str, Any]) -> Transcript:
    """The result of `transcribe.file`."""
    words, segments = answer.get("words"), answer.get("segments")
    return Transcript(
        model=answer["modelId"],
        text=answer["text"],
        elapsed_ms=answer["elapsedMs"],
        duration_s=answer["durationMs"] / 1000,
        metrics={name: value for name, value in answer["metrics"].items() if name != "traceId"},
        words=None if words is None else tuple(Word(w["word"], w["start"], w["end"], w["confidence"]) for w in words),
        segments=None
        if segments is None
        else tuple(Segment(s["id"], s["start"], s["end"], s["text"]) for s in segments),
        language=answer.get("language"),
        trace_id=answer.get("traceId", ""),
    )


def speech_of(answer: dict[str, Any]) -> Speech:
    """The result of `synthesize.generate`."""
    return Speech(
        model=answer["modelId"],
        voice=answer["voiceId"],
        format=answer["format"],
        content_type=answer["contentType"],
        audio=a2b_base64(answer["audioBase64"]),
        elapsed_ms=answer["elapsedMs"],
        duration_s=answer["durationMs"] / 1000,
        metrics={name: value for name, value in answer["metrics"].items() if name != "traceId"},
        trace_id=answer["traceId"],
    )


def partial_of(data: dict[str, Any]) -> Partial:
    """The data of a `transcribe.partial` event."""
    return Partial(data["text"], data["stable"])


def model_of(answer: dict[str, Any]) -> ModelInfo:
    """One model of `models.list`, `models.install` or `models.preload`."""
    return ModelInfo(
        id=answer["id"],
        name=answer["name"],
        backend=answer["backend"],
        kind=answer["kind"],
        provider=answer["provider"],
        installed=answer["installed"],
        preloaded=answer["preloaded"],
        available=answer["available"],
        languages=tuple(answer.get("languages", ())),
        sample_rate=answer.get("sampleRate"),
        size_bytes=answer.get("sizeBytes"),
        words=answer.get("words", False),
        description=answer.get("description", ""),
    )


def voice_of(answer: dict[str, Any]) -> Voice:
    """One voice of `synthesize.voices`."""
    return Voice(
        id=answer["id"],
        name=answer["name"],
        model=answer["modelId"],
        backend=answer["backend"],
        language=answer.get("language"),
        available=answer["available"],
        default=answer["default"],
    )


def progress_of(data: dict[str, Any]) -> Progress:
    """The data of a `models.progress` event."""
    return Progress(data["modelId"], data["progress"], data["status"], data.get("bytesDone"), data.get("bytesTotal"))
