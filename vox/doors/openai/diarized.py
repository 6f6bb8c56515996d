"""Who said what: the words of a transcript, given to the speakers that an annotating model found."""

from typing import Any

from vox.doors.openai.transcript_request import Asked
from vox.doors.openai.transcript_shapes import timed
from vox.errors import Unsupported
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
    pieces = [(word.start, word.end, word.word) for word in transcript.words or ()] or timed(transcript)
    turns = sorted(told.found.speakers, key=lambda turn: turn.start)
    said: list[list[str]] = [[] for _ in turns]
    for start, end, text in pieces:
        middle = (start + end) / 2
        # Between two turns a word belongs to the one that is nearer.
        nearest = min(
            range(len(turns)),
            key=lambda index: max(turns[index].start - middle, middle - turns[index].end, 0.0),
            default=None,
        )
        if nearest is not None:
            said[nearest].append(text.strip())
    segments = [
        {
            "id": f"seg_{number}",
            "type": "transcript.text.segment",
            "speaker": turn.speaker_id,
            "start": turn.start,
            "end": turn.end,
            "text": " ".join(said[number]),
        }
        for number, turn in enumerate(turns)
    ]
    return {"task": "transcribe", "duration": transcript.duration_s, "text": transcript.text, "segments": segments}
