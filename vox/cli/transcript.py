"""A transcript as a document: text, JSON in two forms, subtitles; and its measurements for a reader."""

from collections.abc import Callable
from typing import Any

from vox.cli.output import as_json

__all__ = ["FORMATS", "metrics_lines", "render"]

FORMATS = ("text", "json", "verbose_json", "srt", "vtt")
"""What `render` can write."""

_Answer = dict[str, Any]

# What the stages are called, in the order in which they happen.
_STAGES = {
    "start": "startMs",
    "queue": "queueMs",
    "prepare": "prepareMs",
    "file_check": "fileCheckMs",
    "model_check": "modelCheckMs",
    "model_load": "modelLoadMs",
    "audio_load": "audioLoadMs",
    "audio_prepare": "audioPrepareMs",
    "inference": "inferenceMs",
    "provider": "providerMs",
    "overhead": "overheadMs",
}


def render(answer: _Answer, format: str, *, words: bool = False) -> str:
    """The document of an answer to `transcribe.file`, with its line ends.

    Args:
        format: One of `FORMATS`.
        words: In text, add a line per word: start, end, word.
    """
    writers: dict[str, Callable[[_Answer], str]] = {
        "json": lambda answer: as_json({"text": answer["text"]}) + "\n",
        "verbose_json": lambda answer: as_json(_verbose(answer)) + "\n",
        "srt": _srt,
        "vtt": _vtt,
    }
    return writers[format](answer) if format in writers else _text(answer, words)


def metrics_lines(answer: _Answer, input_bytes: int | None) -> list[str]:
    """Where the time went, for a person. `total` is seen from the daemon; how often real time goes in parentheses."""
    metrics: dict[str, Any] = answer["metrics"]
    audio_s, total_s = answer["durationMs"] / 1000, answer["elapsedMs"] / 1000
    size = "" if input_bytes is None else f" ({input_bytes / 1000:.0f}KB)"
    told = {name: metrics[key] for name, key in _STAGES.items() if key in metrics}
    return [
        f"trace: {answer['traceId']}",
        f"model: {answer['modelId']}",
        f"audio: {audio_s:.1f}s{size}",
        "stages: " + " ".join(f"{name}={value:.1f}ms" for name, value in told.items()),
        f"total: {total_s:.2f}s" + (f" ({audio_s / total_s:.2f}x realtime)" if total_s else ""),
    ]


def _text(answer: _Answer, words: bool) -> str:
    text = answer["text"] + "\n" if answer["text"] else ""
    if not words:
        return text
    return text + "".join(f"{w['start']:9.3f} {w['end']:9.3f}  {w['word']}\n" for w in answer["words"] or [])


def _verbose(answer: _Answer) -> _Answer:
    """The form that clients of hosted services know as verbose_json."""
    segments = [
        {"id": number, "start": start, "end": end, "text": text}
        for number, (start, end, text) in enumerate(_cues(answer))
    ]
    return {
        "task": "transcribe",
        "language": answer["language"],
        "duration": answer["durationMs"] / 1000,
        "text": answer["text"],
        "segments": segments,
        "words": answer["words"],
    }


def _srt(answer: _Answer) -> str:
    from vox.audio.subtitles import to_srt

    return to_srt(_cues(answer))


def _vtt(answer: _Answer) -> str:
    from vox.audio.subtitles import to_vtt

    return to_vtt(_cues(answer))


def _cues(answer: _Answer) -> list[tuple[float, float, str]]:
    """Timed text: the model's segments, else its words grouped, else all of it over the whole recording."""
    from vox.audio.subtitles import segments_from_words

    if answer["segments"]:
        return [(s["start"], s["end"], s["text"]) for s in answer["segments"]]
    if answer["words"]:
        return segments_from_words((w["start"], w["end"], w["word"]) for w in answer["words"])
    return [(0.0, answer["durationMs"] / 1000, answer["text"])] if answer["text"] else []
