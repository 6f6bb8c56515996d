"""What the methods that make speech have in common: how a request is read, and how timings are written."""

from typing import Any, cast

from vox.doors.rpc.params import Params
from vox.errors import InvalidRequest
from vox.runtime.credentials import read_credentials
from vox.runtime.cues import Cue, TimedCue, TimedWord, locate
from vox.runtime.requests import SynthesizeRequest
from vox.runtime.timing import SpeechTiming, TimingRequest

__all__ = ["read_speech", "read_timing", "timing_shape"]

_MAX_CUES = 10_000


def read_speech(params: Params, format: str = "wav") -> SynthesizeRequest:
    """What shall be spoken; `format` is that of a request that names none.

    Raises:
        InvalidRequest: There is no text, or a parameter cannot be used.
    """
    text = params.text("text", blank=True)
    if text is None:
        raise InvalidRequest("Missing text")
    return SynthesizeRequest(
        text=text,
        model=params.text("modelId"),
        voice=params.text("voiceId"),
        format=params.text("format") or format,
        speed=params.number("speed", 0.25, 4.0),
        instructions=params.text("instructions"),
        language=params.text("language"),
        max_wait_s=params.seconds("maxWaitMs"),
        credentials=read_credentials(params.object("credentials")),
    )


def read_timing(params: Params, text: str) -> TimingRequest | None:
    """Whether the speech shall be listened to, and for which places; None when not.

    Raises:
        InvalidRequest: A cue names no place of the text in a form that can be read.
    """
    name = "speechTiming" if params.given("speechTiming") else "alignment"
    value = params.value(name)
    if value is None or isinstance(value, bool):
        return TimingRequest() if value else None
    if not isinstance(value, dict):
        raise InvalidRequest(f"{name} must be true, false or an object.")
    wanted = Params(cast("dict[str, Any]", value), name, params.classic)
    if wanted.flag("enabled") is False:
        return None
    return TimingRequest(wanted.text("modelId"), tuple(_read_cues(wanted.value("cues"), text)))


def timing_shape(found: SpeechTiming) -> dict[str, Any]:
    """When words and cues are heard."""
    return {
        "source": found.timing.source,
        "modelId": found.model,
        "elapsedMs": round(found.elapsed_ms),
        "words": [_word(word) for word in found.timing.words],
        "cues": [_cue(cue) for cue in found.timing.cues],
    }


def _read_cues(value: Any, text: str) -> list[Cue]:
    items = cast("list[Any]", value) if isinstance(value, list) else None if value else []
    if items is None or len(items) > _MAX_CUES:
        raise InvalidRequest(f"cues must be a list of at most {_MAX_CUES} objects.")
    cues: list[Cue] = []
    after = 0
    for item in items:
        cue = _read_cue(item, text, after)
        if cue is not None:
            cues.append(cue)
            after = cue.end
    return cues


def _read_cue(item: Any, text: str, after: int) -> Cue | None:
    """A cue, or None when its words are not in the text: there is no time to be told of."""
    if not isinstance(item, dict):
        raise InvalidRequest("A cue must be an object with id, and text or textStart and textEnd.")
    read = Params(cast("dict[str, Any]", item), "cue", True)
    name, words = read.text("id"), read.text("text")
    start, end = read.number("textStart"), read.number("textEnd")
    if name is None or (words is None and (start is None or end is None)):
        raise InvalidRequest("A cue must have an id, and text or textStart and textEnd.")
    if start is None or end is None:
        return locate(text, name, words or "", after)
    first = min(max(int(start), 0), len(text))
    return Cue(name, first, min(max(int(end), first), len(text)))


def _word(word: TimedWord) -> dict[str, Any]:
    return {
        "word": word.word,
        "startMs": round(word.start * 1000),
        "endMs": round(word.end * 1000),
        "confidence": word.confidence,
        "sourceTextStart": word.text_start,
        "sourceTextEnd": word.text_end,
    }


def _cue(cue: TimedCue) -> dict[str, Any]:
    return {
        "id": cue.id,
        "startMs": round(cue.start * 1000),
        "endMs": round(cue.end * 1000),
        "confidence": round(cue.confidence, 4),
        "source": cue.source,
    }
