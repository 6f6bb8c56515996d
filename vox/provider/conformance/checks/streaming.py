"""The features `synthesize.stream`, `transcribe.partials` and `audio.path`: results in parts, or as a file."""

import base64
import binascii
from pathlib import Path
from typing import Any

from vox.provider.conformance import sound, values
from vox.provider.conformance.bench import SENTENCE, Bench
from vox.provider.conformance.check import Checklist, Kind
from vox.provider.conformance.checks.speech import speech_of
from vox.provider.conformance.outcome import Failed, Warned
from vox.provider.conformance.session import Answer, Notice

__all__ = ["CHECKS"]

CHECKS = Checklist()

_TEXT = f"{SENTENCE} Who is there? It is only the wind."
_RATES = range(8000, 192_001)
_CLOSE = 0.25  # how much the streamed speech may be longer or shorter: some engines roll dice


@CHECKS.add(
    "stream.audio",
    "Streamed speech comes in order, before the answer",
    rule="synthesize.stream: with params.stream, sends audio {id, sequence 0…, audioBase64} before its answer.",
    mend="Number the pieces from 0, name sampleRate in the first, and send 16-bit little-endian mono samples.",
    kind="tts",
    feature="synthesize.stream",
    needs=("start.serves", "synthesize.audio"),
)
def stream_audio(bench: Bench) -> None:
    """Asks for four sentences as a stream. The notifications carry the id of the request and count from 0 without a
    gap; the first names the `sampleRate`; all come before the answer; together they are whole 16-bit samples, about as
    long as the speech that is not streamed. All of it in one piece is a warning: nothing was heard before the end."""
    whole = speech_of(bench.result("tts", input=_TEXT)).seconds
    answer, pieces = _parts(bench, "tts", "audio", input=_TEXT, stream=True)
    bench.succeeded(answer, "synthesize")
    if not pieces:
        raise Failed("No audio came before the answer.")
    rate = pieces[0].params.get("sampleRate")
    if not isinstance(rate, int) or rate not in _RATES:
        raise Failed(f"sampleRate of the first piece is {rate!r}; it must be from 8000 to 192000.")
    seconds = _samples(pieces) / rate
    if whole is not None and abs(seconds - whole) > _CLOSE * whole:
        raise Failed(f"The stream is {seconds:.2f} s long, the same text at once {whole:.2f} s.")
    if len(pieces) == 1:
        raise Warned("All of it came in one piece.")


@CHECKS.add(
    "stream.unasked",
    "Speech is not streamed unasked",
    rule="synthesize.stream: with params.stream, and only then.",
    mend="Look at params.stream, which is absent or true.",
    kind="tts",
    feature="synthesize.stream",
    needs=("start.serves", "synthesize.audio"),
)
def stream_unasked(bench: Bench) -> None:
    """Without `stream` the audio is in the answer, and no notification brings any."""
    answer, pieces = _parts(bench, "tts", "audio", input=_TEXT)
    speech_of(bench.succeeded(answer, "synthesize"))
    if pieces:
        raise Failed("It sent audio in pieces although nobody asked for a stream.")


@CHECKS.add(
    "partials.text",
    "Partial texts come before the answer",
    rule='transcribe.partials: with params.partials, sends partial {id, "text", "stable"?} before its answer.',
    mend="Send all the text recognised so far each time; stable counts the characters that will stay.",
    kind="asr",
    feature="transcribe.partials",
    needs=("start.serves", "transcribe.result"),
)
def partials_text(bench: Bench) -> None:
    """Asks for the partial texts of twenty seconds of speech. Each carries the id of the request and a `text`; all come
    before the answer. What one of them calls `stable` is the beginning of those after it: else a warning, like none
    at all."""
    answer, partials = _parts(bench, "asr", "partial", path=str(bench.recording("long")), partials=True)
    final = values.member(bench.succeeded(answer, "transcribe"), "text", "transcribe")
    for partial in partials:
        values.member(partial.params, "text", "a partial")
    if not partials and final:
        raise Warned("No partial text came before the answer.")
    texts = [*(partial.params["text"] for partial in partials), final]
    for partial, following in zip(partials, texts[1:], strict=True):
        if not following.startswith(_stable(partial)):
            raise Warned(f"{_stable(partial)!r} was called stable, and {following!r} followed.")


@CHECKS.add(
    "partials.unasked",
    "Partial texts do not come unasked",
    rule="transcribe.partials: with params.partials, and only then.",
    mend="Look at params.partials, which is absent or true.",
    kind="asr",
    feature="transcribe.partials",
    needs=("start.serves", "transcribe.result"),
)
def partials_unasked(bench: Bench) -> None:
    """Without `partials` no notification brings text."""
    if _parts(bench, "asr", "partial", path=str(bench.recording("long")))[1]:
        raise Failed("It sent partial text although nobody asked for it.")


@CHECKS.add(
    "path.result",
    "Speech as a file lies in the folder it was asked for",
    rule="audio.path: may answer synthesize with audioPath, a file in the folder given as params.outDir.",
    mend="Write the file into outDir, under any name, and answer with its path; leave audioBase64 out.",
    kind="tts",
    feature="audio.path",
    needs=("start.serves", "synthesize.audio"),
)
def path_result(bench: Bench) -> None:
    """Gives an `outDir`. An `audioPath` in the answer is a file in that folder and of the type that `contentType`
    names. An answer with `audioBase64` is fine as well."""
    folder = bench.scratch / "out"
    folder.mkdir(exist_ok=True)
    result = bench.result("tts", outDir=str(folder))
    path: Any = result.get("audioPath")
    if path is None:
        speech_of(result)
        return
    if not isinstance(path, str) or not Path(path).resolve().is_relative_to(folder.resolve()):
        raise Failed(f"audioPath is {path!r}; it must be a file in {str(folder)!r}.")
    try:
        audio = sound.read_audio(Path(path).read_bytes(), result.get("contentType") or "audio/wav")
    except (OSError, sound.BadAudio) as error:
        raise Failed(f"The file of audioPath cannot be used: {error}") from None
    if audio.seconds == 0:
        raise Failed("The file of audioPath has no samples.")


def _parts(bench: Bench, kind: Kind, method: str, **params: Any) -> tuple[Answer, list[Notice]]:
    """The answer to a call, and what came with that method before it.

    Raises:
        Failed: Some of it for another id, or after the answer.
    """
    session = bench.session
    session.notices.clear()
    answer = bench.work(kind, **params)
    told = [notice for notice in session.notices if notice.method == method]
    for notice in told:
        if notice.params.get("id") != answer.id:
            raise Failed(f"The id of {method} is {notice.params.get('id')!r}; the request has {answer.id}.")
        if notice.order > answer.order:
            raise Failed(f"{method} came after the answer to its request.")
    return answer, told


def _samples(pieces: list[Notice]) -> int:
    size = 0
    for place, piece in enumerate(pieces):
        if piece.params.get("sequence") != place:
            raise Failed(f"sequence of piece {place} is {piece.params.get('sequence')!r}.")
        text = values.member(piece.params, "audioBase64", "a piece of audio")
        try:
            size += len(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError) as error:
            raise Failed(f"audioBase64 of piece {place} is not valid base64: {error}.") from None
    if size % 2:
        raise Failed(f"The pieces have {size} bytes together, which is no whole number of 16-bit samples.")
    return size // 2


def _stable(partial: Notice) -> str:
    text, stable = partial.params["text"], partial.params.get("stable")
    if stable is True:
        return text
    return text[:stable] if isinstance(stable, int) and stable > 0 else ""
