"""Voices: what can be chosen, and what happens with what cannot."""

from typing import Any, cast

from vox.provider.conformance import values
from vox.provider.conformance.bench import Bench
from vox.provider.conformance.check import Checklist
from vox.provider.conformance.checks.speech import speech_of
from vox.provider.conformance.outcome import Failed, NotOffered, Warned
from vox.provider.conformance.session import Silent

__all__ = ["CHECKS"]

CHECKS = Checklist()

_METHOD_NOT_FOUND = -32601
_TEXT = "Good morning."
_TRIED = 3  # voices that are spoken with; some engines have fifty


@CHECKS.add(
    "voices.list",
    "voices lists its voices, each with an id of its own",
    rule='voices {modelId?} → {"voices": [{id, name, language, backend, modelId, available, default}]}.',
    mend='Answer {"voices": [{"id": "anna", "name": "Anna", "language": "de-DE", "default": true}]}.',
    kind="tts",
    needs=("start.serves",),
)
def voices_list(bench: Bench) -> None:
    """Asks for the voices of the model. The result has a list `voices` of objects with an `id`; no id is listed twice
    for one model, and at most one voice is the default. Without `voices` a provider is usable, but nobody can choose
    one: a warning."""
    _voices(bench, {"modelId": bench.offers["tts"]})


@CHECKS.add(
    "voices.all",
    "voices can be asked without a model",
    rule="Without modelId the runtime may ask several models and merge.",
    mend="Answer with the voices of all models then.",
    kind="tts",
    needs=("voices.list",),
)
def voices_all(bench: Bench) -> None:
    """The same without `modelId`. An error is a warning: Vox then asks model by model."""
    try:
        _voices(bench, {})
    except Failed as failure:
        raise Warned(f"Without modelId: {failure.message}", failure.mend) from None


@CHECKS.add(
    "voices.speak",
    "The listed voices speak",
    rule="voiceId chooses one of the voices.",
    mend='List only voices that work; mark the others "available": false.',
    kind="tts",
    needs=("voices.list", "synthesize.audio"),
)
def voices_speak(bench: Bench) -> None:
    """Speaks with up to three of the voices that are available. The result names the voice that was asked for."""
    voices = _voices(bench, {"modelId": bench.offers["tts"]})
    ready = [voice["id"] for voice in voices if voice.get("available") is not False]
    if not ready:
        raise NotOffered("No voice is available.")
    for voice in ready[:_TRIED]:
        result = bench.result("tts", voiceId=voice, input=_TEXT)
        speech_of(result)
        if result.get("voiceId") not in (None, voice):
            raise Failed(f"Asked to speak with {voice!r}, it says it spoke with {result['voiceId']!r}.")


@CHECKS.add(
    "voices.unknown",
    "A voice it does not have is refused by name",
    rule="data.code of an error names the reason: voice_not_found, …",
    mend='Answer {"code": -32000, "message": "There is no voice …", "data": {"code": "voice_not_found"}}.',
    kind="tts",
    needs=("synthesize.audio",),
)
def voices_unknown(bench: Bench) -> None:
    """Speaks with a voice that was never listed. The error `voice_not_found` is right; anything else that is answered
    is a warning, because Vox checks the voice against the list first."""
    answer = bench.work("tts", voiceId="vox-check-no-such-voice")
    if not answer.refused:
        speech_of(bench.succeeded(answer, "synthesize"))
    values.expect_named(answer, "voice_not_found", "a voice it does not list")


def _voices(bench: Bench, params: dict[str, Any]) -> list[dict[str, Any]]:
    if bench.voices_silent:
        raise Warned("It does not answer voices.")
    try:
        answer = bench.call("voices", params, bench.times.ask)
    except Silent as silence:
        bench.voices_silent = True
        raise Warned(f"It does not answer voices: {silence.message}") from None
    if answer.error_code == _METHOD_NOT_FOUND:
        raise Warned("It has no method voices.")
    listed: Any = bench.succeeded(answer, "voices").get("voices")
    if not isinstance(listed, list):
        raise Failed('The result of voices has no list "voices".')
    voices = [cast("dict[str, Any]", voice) for voice in cast("list[Any]", listed) if isinstance(voice, dict)]
    if len(voices) != len(cast("list[Any]", listed)) or not all(_has_id(voice) for voice in voices):
        raise Failed("A voice in the list is no object with a string as its id.")
    _check_differ(voices)
    return voices


def _has_id(voice: dict[str, Any]) -> bool:
    return isinstance(voice.get("id"), str) and bool(voice["id"])


def _check_differ(voices: list[dict[str, Any]]) -> None:
    keys = [(voice.get("modelId"), voice["id"]) for voice in voices]
    if twice := sorted({str(name) for model, name in keys if keys.count((model, name)) > 1}):
        raise Failed(f"Listed more than once: {', '.join(twice)}.")
    defaults: dict[Any, list[str]] = {}
    for voice in voices:
        if voice.get("default") is True:
            defaults.setdefault(voice.get("modelId"), []).append(voice["id"])
    if several := [names for names in defaults.values() if len(names) > 1]:
        raise Failed(f"More than one voice is the default: {', '.join(several[0])}.")
