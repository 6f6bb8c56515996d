"""What a form at `/v1/audio/transcriptions` or `/v1/audio/translations` asks.

Fields that are not read here are let pass, as OpenAI's own server does: `chunking_strategy` and `include` among them.
"""

from dataclasses import dataclass
from pathlib import Path

from vox.doors.bodies import Form
from vox.doors.openai.fields import flag, number, one_of, text, wrong
from vox.doors.openai.languages import code_of
from vox.runtime.requests import TranscribeRequest

__all__ = ["FORMATS", "TRANSLATED", "UNREAD", "Asked", "read_form"]

TRANSLATED = ("json", "text", "srt", "vtt", "verbose_json")
"""How a translation can be written."""
FORMATS = (*TRANSLATED, "diarized_json")
"""How a transcript can be written."""

UNREAD = ("known_speaker_references", "known_speaker_references[]")
"""Fields that hold recordings, each larger than a field may be."""

_GRANULARITIES = ("segment", "word")
_STREAMED = ("json", "text")
_SUBTITLES = ("srt", "vtt")


@dataclass(frozen=True, slots=True)
class Asked:
    """A transcription as it was asked for."""

    request: TranscribeRequest
    format: str
    words: bool
    """Whether the words shall be listed with their times."""
    segments: bool
    stream: bool
    audio: Path

    @property
    def translated(self) -> bool:
        """Whether the text shall be English, whatever is spoken."""
        return self.request.task == "translate"


def read_form(form: Form, *, translate: bool = False) -> Asked:
    """Read a form; the model in the request is the name that was sent.

    Raises:
        InvalidRequest: There is no recording in it, or a field cannot be used.
    """
    audio = _recording(form)
    format = one_of(form.fields, "response_format", TRANSLATED if translate else FORMATS, "json")
    stream = not translate and flag(form.fields, "stream")
    if stream and format not in _STREAMED:
        raise wrong("stream", f"A transcript in {format} cannot be streamed; ask for json or text.")
    granularities = set() if translate else _granularities(form, format)
    request = TranscribeRequest(
        source=audio,
        model=text(form.fields, "model"),
        language=None if translate else _language(form),
        prompt=text(form.fields, "prompt"),
        hotwords=tuple(word for word in form.many("keywords") if word.strip()) or None,
        # Subtitles are cut at words where the engine makes no segments; some of the others are slower with words.
        words=True if "word" in granularities or format in (*_SUBTITLES, "diarized_json") else None,
        temperature=number(form.fields, "temperature", 0.0, 1.0),
        task="translate" if translate else None,
    )
    segments = format == "verbose_json" and (not granularities or "segment" in granularities)
    return Asked(request, format, "word" in granularities, segments, stream, audio)


def _recording(form: Form) -> Path:
    if form.audio is None:
        raise wrong("file", "Missing file: send the recording as the form's part `file`.")
    if not form.size:
        raise wrong("file", "The file is empty (0 bytes). Record or export it again.")
    return form.audio


def _granularities(form: Form, format: str) -> set[str]:
    given = {value.strip() for value in form.many("timestamp_granularities") if value.strip()}
    for value in given - set(_GRANULARITIES):
        raise wrong("timestamp_granularities", f"timestamp_granularities has {value[:80]!r}; there are word, segment.")
    if "word" in given and format != "verbose_json":
        told = "Times of words come with response_format verbose_json alone."
        raise wrong("timestamp_granularities", told)
    return given


def _language(form: Form) -> str | None:
    """The language that is named alone; of several the engine finds out which it is."""
    named = text(form.fields, "language")
    several = [value.strip() for value in form.many("languages") if value.strip()]
    return code_of(named or (several[0] if len(several) == 1 else None))
