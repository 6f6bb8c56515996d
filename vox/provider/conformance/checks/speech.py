"""Speech: what comes back from `synthesize`, and what must not end the provider."""

import base64
import binascii
from typing import Any

from vox.provider.conformance import sound, values
from vox.provider.conformance.bench import LARGE, SENTENCE, Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.outcome import Failed, Warned

__all__ = ["CHECKS", "speech_of"]

CHECKS = Checklist()

_NEEDS = ("start.serves", "synthesize.result")
_SOUND = (*_NEEDS, "synthesize.audio")
_SHORTEST_S, _LONGEST_S = 0.1, 60.0  # of a sentence of eleven words, however fast or slow
_CLOSE_S, _CLOSE_SHARE = 0.05, 0.02  # what a duration that is told may be off
_LARGE_S = 20.0 + 0.02 * len(LARGE)  # what Vox allows a text of that length
_UNUSUAL = (
    '“Grüße”, said Zoë — ça va? \t5 < 6 & 7 > 3; \\ 100 % "quoted"\nand on.',
    "你好，世界。 Привет, мир! שלום עולם 👋🏽",
    "\u0001\u200d\ufeff…",
)


@CHECKS.add(
    "synthesize.result",
    "synthesize answers with audio in base64",
    rule="synthesize {modelId, input, voiceId?, format, …} → {modelId, voiceId, format, contentType, audioBase64, …}.",
    mend="Send a whole audio file as base64 (RFC 4648, with padding, without line ends) in audioBase64.",
    kind="tts",
    needs=("start.serves",),
)
def synthesize_result(bench: Bench) -> None:
    """Sends a sentence as Vox would, with `format` wav. `audioBase64` is valid base64 and not empty. `modelId` is the
    model asked for; `voiceId` and `contentType`, where they are given, are strings."""
    first = bench.first["tts"]
    if isinstance(first, Failed):
        raise first
    result = bench.succeeded(first, "synthesize")
    _bytes_of(result)
    for name in ("voiceId", "format", "contentType"):
        if result.get(name) is not None:
            values.member(result, name, "synthesize")
    values.check_model_id(result, bench.offers["tts"], "synthesize")
    values.check_elapsed(result, "synthesize")


@CHECKS.add(
    "synthesize.audio",
    "The audio is what contentType says, and of a plausible length",
    rule="Audio that is not what contentType says fails the call.",
    mend="Write a complete WAV header with the number of samples that follow, and audio/wav as contentType.",
    kind="tts",
    needs=_NEEDS,
)
def synthesize_audio(bench: Bench) -> None:
    """A WAV has its chunks, a rate, and as many samples as it announces; other formats begin as they should. A text
    of six words takes between a tenth of a second and a minute, and is not silent."""
    audio = speech_of(bench.result("tts"))
    if audio.seconds is None:
        return
    if not _SHORTEST_S <= audio.seconds <= _LONGEST_S:
        raise Failed(f"The audio of {SENTENCE!r} is {audio.seconds:.3f} s long. Is the rate in its header right?")
    if audio.loudest == 0:
        raise Warned("The audio is silent.")


@CHECKS.add(
    "synthesize.metrics",
    "Speech tells its times",
    rule="TTS metrics: totalMs is required; numbers, integer or not, of 0 or more.",
    mend="Measure with a monotonic clock, and send milliseconds as numbers.",
    kind="tts",
    needs=_SOUND,
)
def synthesize_metrics(bench: Bench) -> None:
    """`metrics` has `totalMs`, and nothing in it is negative, infinite or no number. An `audioDurationMs` that is told
    agrees with the audio."""
    result = bench.result("tts")
    values.check_metrics(result, "synthesize")
    told = result["metrics"].get("audioDurationMs")
    seconds = speech_of(result).seconds
    if told is not None and seconds is not None and abs(told / 1000 - seconds) > _CLOSE_S + _CLOSE_SHARE * seconds:
        raise Warned(f"audioDurationMs is {told}, but the audio is {seconds * 1000:.0f} ms long.")


@CHECKS.add(
    "synthesize.empty",
    "An empty text is answered",
    rule="Every request gets one answer, also when something fails.",
    mend="Answer with an error, or with audio of no length.",
    kind="tts",
    needs=_SOUND,
)
def synthesize_empty(bench: Bench) -> None:
    """Sends an empty text and one of a single space. Vox refuses them itself; an engine that loops or dies on them will
    do so on a text of punctuation as well. An error or a valid audio file will do."""
    for text in ("", " "):
        answer = bench.work("tts", input=text)
        if not answer.refused:
            speech_of(bench.succeeded(answer, "synthesize"))


@CHECKS.add(
    "synthesize.unicode",
    "Text of any language, quotes, line ends and emoji are answered",
    rule="The text is a string like any other.",
    mend="Drop what the engine cannot say, or answer with an error; read JSON with a JSON parser.",
    kind="tts",
    needs=_SOUND,
)
def synthesize_unicode(bench: Bench) -> None:
    """Sends three texts with accents, typographic quotes, a backslash, a tab, four scripts, an emoji of two code
    points, and control characters. Each is answered, with audio or with an error, and the process lives."""
    for text in _UNUSUAL:
        answer = bench.work("tts", input=text)
        if not answer.refused:
            speech_of(bench.succeeded(answer, "synthesize"))


@CHECKS.add(
    "synthesize.large",
    "A long text is answered",
    rule="A text that is too long is refused with the error text_too_long; else it is spoken.",
    mend="Split long texts at sentences, or refuse them with data.code text_too_long.",
    kind="tts",
    needs=_SOUND,
)
def synthesize_large(bench: Bench) -> None:
    """Sends 1800 characters, about two minutes of speech: more than a pipe holds once it is audio. It has the time
    that Vox gives it, 20 seconds and 20 milliseconds a character. Audio, or an error by name."""
    answer = bench.call("synthesize", bench.params("tts", input=LARGE), max(_LARGE_S, bench.times.work))
    if answer.refused:
        values.expect_named(answer, "text_too_long", "a long text")
        return
    speech_of(bench.succeeded(answer, "synthesize"))


@CHECKS.add(
    "synthesize.params",
    "Parameters it does not know are ignored",
    rule="Unknown params are ignored by a provider.",
    mend="Read the parameters you know, and nothing else.",
    kind="tts",
    needs=_SOUND,
)
def synthesize_params(bench: Bench) -> None:
    """Sends one parameter that nobody knows, then each optional one of the protocol. Whether they have an effect is not
    judged; an error is allowed for those that the protocol names."""
    speech_of(bench.result("tts", surprise={"a": [1, None]}))
    optional: list[dict[str, Any]] = [{"speed": 1.5}, {"language": "en", "instructions": "calmly", "requestId": "c-1"}]
    for params in optional:
        answer = bench.work("tts", **params)
        if not answer.refused:
            speech_of(bench.succeeded(answer, "synthesize"))


@CHECKS.add(
    "synthesize.unknown-model",
    "A model it does not have is refused by name",
    rule="data.code of an error names the reason: model_not_found, …",
    mend='Answer {"code": -32000, "message": "There is no model …", "data": {"code": "model_not_found"}}.',
    kind="tts",
    needs=_SOUND,
)
def synthesize_unknown_model(bench: Bench) -> None:
    """As for recognition."""
    answer = bench.work("tts", modelId="vox-check:no-such-model")
    values.expect_named(answer, "model_not_found", "a model it does not list")


def speech_of(result: dict[str, Any]) -> sound.Audio:
    """The audio of a result.

    Raises:
        Failed: There is none, or it is not what it claims to be.
    """
    try:
        return sound.read_audio(_bytes_of(result), result.get("contentType") or "audio/wav")
    except sound.BadAudio as error:
        raise Failed(str(error)) from None


def _bytes_of(result: dict[str, Any]) -> bytes:
    text = values.member(result, "audioBase64", "synthesize")
    if not text:
        raise Failed("audioBase64 is empty.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Failed(f"audioBase64 is not valid base64: {error}. It begins with {text[:40]!r}.") from None
