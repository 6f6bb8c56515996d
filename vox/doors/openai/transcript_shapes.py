"""A transcript in each of OpenAI's formats.

What an engine does not tell has the value that Whisper's own server has for it at its most certain. The compression
ratio is worked out as Whisper does it: the length of the text over its length after zlib.
"""

import math
import zlib
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from vox.audio.subtitles import Timed, segments_from_words, to_srt, to_vtt
from vox.doors.openai.answers import HEADERS, answer
from vox.doors.openai.languages import name_of
from vox.doors.openai.transcript_request import Asked
from vox.errors import Unsupported
from vox.types import Transcript, Word

__all__ = ["timed", "usage", "written"]


def written(transcript: Transcript, asked: Asked) -> Response:
    """The answer, as it was asked for.

    Raises:
        Unsupported: Times of words are wanted that the engine does not tell.
    """
    if asked.words and transcript.words is None and transcript.text:
        raise Unsupported(
            f"Model {transcript.model} tells no times of words. Leave word out of timestamp_granularities, or ask for a"
            " model that has words in the answer of /v1/models.",
            param="timestamp_granularities",
        )
    if asked.format == "json":
        return answer({"text": transcript.text, "usage": usage(transcript)})
    if asked.format == "verbose_json":
        return answer(_verbose(transcript, asked))
    media_type, write = _PLAIN[asked.format]
    return Response(write(transcript), 200, HEADERS, media_type)


def usage(transcript: Transcript) -> dict[str, Any]:
    """What is counted: seconds of audio."""
    return {"type": "duration", "seconds": round(transcript.duration_s, 3)}


def timed(transcript: Transcript) -> list[Timed]:
    """Timed text: the engine's segments, else its words grouped, else all of it over the whole recording."""
    if transcript.segments:
        return [(one.start, one.end, one.text.strip()) for one in transcript.segments]
    if transcript.words:
        return segments_from_words((word.start, word.end, word.word) for word in transcript.words)
    return [(0.0, transcript.duration_s, transcript.text)] if transcript.text else []


def _cues(transcript: Transcript) -> list[Timed]:
    """As `timed`, but words come first: an engine's segments may be longer than anybody can read at once."""
    words = [(word.start, word.end, word.word) for word in transcript.words or ()]
    return segments_from_words(words) if words else timed(transcript)


_PLAIN: dict[str, tuple[str, Callable[[Transcript], str]]] = {
    "text": ("text/plain", lambda transcript: f"{transcript.text}\n"),
    "srt": ("text/plain", lambda transcript: to_srt(_cues(transcript))),
    "vtt": ("text/vtt", lambda transcript: to_vtt(_cues(transcript))),
}


def _verbose(transcript: Transcript, asked: Asked) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "task": "translate" if asked.translated else "transcribe",
        "language": "english" if asked.translated else name_of(transcript.language or asked.request.language),
        "duration": transcript.duration_s,
        "text": transcript.text,
    }
    if asked.segments:
        shape["segments"] = [_segment(number, one, transcript, asked) for number, one in enumerate(timed(transcript))]
    if asked.words:
        shape["words"] = [_word(word) for word in transcript.words or ()]
    return {**shape, "usage": usage(transcript)}


def _segment(number: int, one: Timed, transcript: Transcript, asked: Asked) -> dict[str, Any]:
    start, end, text = one
    sure = [word.confidence for word in transcript.words or () if start <= word.start < end and word.confidence]
    coded = text.encode("utf-8")
    return {
        "id": number,
        "seek": 0,
        "start": start,
        "end": end,
        "text": text,
        "tokens": [],
        "temperature": asked.request.temperature or 0.0,
        "avg_logprob": sum(map(math.log, sure)) / len(sure) if sure else 0.0,
        "compression_ratio": len(coded) / len(zlib.compress(coded)),
        "no_speech_prob": 0.0,
    }


def _word(word: Word) -> dict[str, Any]:
    return {"word": word.word.strip(), "start": word.start, "end": word.end}
