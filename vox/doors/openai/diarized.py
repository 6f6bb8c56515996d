"""Who said what: the words of a transcript, given to the speakers that an annotating model found."""

from collections.abc import Iterable, Sequence
from typing import Any

from vox.audio.subtitles import Timed
from vox.doors.openai.transcript_request import Asked
from vox.doors.openai.transcript_shapes import timed, usage
from vox.errors import Unsupported
from vox.protocol.provider import SpeakerShape
from vox.runtime.annotating import FEATURE
from vox.runtime.requests import Caller
from vox.runtime.runtime import Runtime
from vox.types import Transcript

__all__ = ["check_diarization", "diarized"]


async def check_diarization(runtime: Runtime) -> None:
    """Make sure that somebody here can tell speakers apart, before anything is recognised in vain.

    Raises:
        Unsupported: Nobody can.
    """
    models, _ = await runtime.registry.models(("asr",))
    if not any(FEATURE in info.features and info.installed for info in models):
        told = "No model here tells speakers apart, which diarized_json needs. Ask for json or verbose_json."
        raise Unsupported(told, param="response_format")


async def diarized(runtime: Runtime, transcript: Transcript, asked: Asked, caller: Caller) -> dict[str, Any]:
    """The transcript by turns.

    Raises:
        VoxError: As `Annotator.annotate`.
    """
    words = [{"word": w.word, "start": w.start, "end": w.end} for w in transcript.words or ()]
    known = {"text": transcript.text, **({"words": words} if words else {})}
    told = await runtime.annotator.annotate(asked.audio, None, known, caller)
    turns = sorted(told.found.speakers, key=lambda turn: turn.start)
    said = _said(turns, [(word.start, word.end, word.word) for word in transcript.words or ()] or timed(transcript))
    return {
        "task": "transcribe",
        "duration": transcript.duration_s,
        "text": transcript.text,
        "segments": [_segment(number, turn, " ".join(said[number])) for number, turn in enumerate(turns)],
        "usage": usage(transcript),
    }


def _said(turns: Sequence[SpeakerShape], pieces: Iterable[Timed]) -> list[list[str]]:
    """What is said in each turn. What lies between two belongs to the one that is nearer."""
    said: list[list[str]] = [[] for _ in turns]
    for start, end, text in pieces if turns else ():
        middle = (start + end) / 2
        away = [max(turn.start - middle, middle - turn.end, 0.0) for turn in turns]
        said[away.index(min(away))].append(text.strip())
    return said


def _segment(number: int, turn: SpeakerShape, text: str) -> dict[str, Any]:
    return {
        "id": f"seg_{number}",
        "type": "transcript.text.segment",
        "speaker": turn.speaker_id,
        "start": turn.start,
        "end": turn.end,
        "text": text,
    }
