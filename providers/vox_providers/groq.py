"""Speech by Orpheus and recognition by Whisper from Groq's API.

Orpheus speaks English or Saudi Arabic, at most 200 characters a request; Whisper knows 99 languages, gives words with
times and, as `whisper-large-v3`, translates into English. The key is GROQ_API_KEY; see docs/providers/groq.md for the
settings. Source: console.groq.com/docs, "Text to Speech" and "Speech to Text". Run it as
`python -P -m vox_providers.groq`.
"""

from __future__ import annotations

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._http import Vendor
from vox_providers._vendor_settings import Key, base_url, time_limit_s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vox_providers._vendor_errors import Refusal

__all__ = ["install", "models", "preload", "provider", "synthesize", "transcribe", "voices"]

_ENGLISH = ["autumn", "diana", "hannah", "austin", "daniel", "troy"]
_ARABIC = ["abdullah", "fahad", "sultan", "lulwa", "noura", "aisha"]
SPEAKERS = {
    "canopylabs/orpheus-v1-english": ("Orpheus English", "en", _ENGLISH),
    "canopylabs/orpheus-arabic-saudi": ("Orpheus Saudi Arabic", "ar-SA", _ARABIC),
}
"""Model → its name, its language and its voices, the default first."""

LISTENERS = {"whisper-large-v3-turbo": "Whisper large v3 turbo", "whisper-large-v3": "Whisper large v3"}
"""Model → its name."""

LONGEST_TEXT = 200
"""Characters of one request to speak."""

KEY = Key("Groq", "GROQ_API_KEY")

_ADDRESSES = ("GROQ_BASE_URL",)
_ADDRESS = "https://api.groq.com/openai/v1"
_TTS_TIMES = ("VOX_GROQ_TTS_TIMEOUT_SECONDS", "GROQ_TTS_TIMEOUT_SECONDS")
_TTS_TIME_S, _TTS_MOST_S = 12.0, 30.0
_ASR_TIMES = ("VOX_GROQ_ASR_TIMEOUT_SECONDS", "GROQ_ASR_TIMEOUT_SECONDS")
_ASR_TIME_S, _ASR_MOST_S = 30.0, 120.0
_SLOWEST, _FASTEST = 0.5, 5.0
_LARGEST_FILE = 100 << 20  # bytes that Groq takes from paying accounts, 25 MB from others: it says which
_TRANSLATES = "whisper-large-v3"  # turbo was not trained to
_INVALID = -32602
_LIMIT = 8

provider = Provider("groq", kind="both", max_concurrency=_LIMIT)
_speaker = Vendor("Groq TTS", KEY.names[0], limit=_LIMIT, address_name=_ADDRESSES[0])
_listener = Vendor("Groq transcription", KEY.names[0], limit=_LIMIT, address_name=_ADDRESSES[0])


@provider.models
def models() -> dict[str, object]:
    """Every model; whether they can be used is a matter of the key."""
    return {"models": [_info(model) for model in (*LISTENERS, *SPEAKERS)], "features": ["remote", "credentials"]}


@provider.install
@provider.preload
def prepare(call: Call) -> dict[str, object]:
    """Nothing to fetch, and nothing to load but the way there: look for the key.

    Raises:
        ProviderError: No key (`unauthorized`), or no such model (`model_not_found`).
    """
    _check(call.model_id, [*LISTENERS, *SPEAKERS])
    call.progress(0.2, "starting")
    KEY.require(call)
    (_listener if call.model_id in LISTENERS else _speaker).prepare()
    call.progress(1.0, "ready")
    return {**_info(call.model_id), "preloaded": True}


install = preload = prepare


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """The voices of one model or of each that speaks."""
    if model_id is not None:
        _check(model_id, list(SPEAKERS))
    usable = bool(KEY.find())
    return [
        _voice(voice, model, language, usable, voice == known[0])
        for model, (_, language, known) in SPEAKERS.items()
        for voice in (known if model_id in (None, model) else ())
    ]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak up to 200 characters; `speed` from 0.5 to 5. Directions such as `[cheerful]` stand in the text.

    Raises:
        ProviderError: No such model or voice, a speed out of range, nothing to say, a text too long (`text_too_long`),
            or see `_http` and `_vendor_errors`.
    """
    from vox_providers import _speech, _vendor_audio, _vendor_choice

    _check(call.model_id, list(SPEAKERS))
    voice = _vendor_choice.named_voice("Groq", call.voice_id, SPEAKERS[call.model_id][2])
    text = _speech.spoken_text(call).strip()
    if len(text) > LONGEST_TEXT:
        message = f"The text has {len(text):,} characters, and Groq speaks {LONGEST_TEXT} at once: send it in parts."
        raise ProviderError(message, code="text_too_long", limit=LONGEST_TEXT, length=len(text))
    asked: dict[str, object] = {"model": call.model_id, "voice": voice, "input": text, "response_format": "wav"}
    if "speed" in call.params:
        asked["speed"] = _speed(call)
    key = KEY.require(call)
    with call.timer("synthesisMs"):
        answer = _speaker.send(
            "POST",
            f"{base_url(_ADDRESSES, _ADDRESS)}/audio/speech",
            within_s=time_limit_s(_TTS_TIMES, _TTS_TIME_S, _TTS_MOST_S),
            call=call,
            hide=(text, key),
            headers={"Authorization": f"Bearer {key}"},
            json=asked,
        )
        with answer:
            _vendor_audio.refuse_text(answer, _speaker.name)
            _vendor_audio.send_wav(call, answer.chunks(), _speaker.name)
    return {"voiceId": voice, "language": SPEAKERS[call.model_id][1]}


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """Text, segments and language; words with times when `params.words` is true. `language`, `prompt`, `hotwords`,
    `temperature` and `task` are understood.

    Raises:
        ProviderError: No such model or language, a translation the model cannot make, unreadable or too much audio
            (`unsupported_audio`), or see `_http` and `_vendor_errors`.
    """
    from vox_providers import _whisper_answer

    _check(call.model_id, list(LISTENERS))
    translates = call.params.get("task") == "translate"
    if translates and call.model_id != _TRANSLATES:
        raise ProviderError(f"{call.model_id} cannot translate; {_TRANSLATES} can.", rpc_code=_INVALID)
    fields = {"model": call.model_id, **_whisper_answer.fields(call, translates)}
    with call.timer("audioLoadMs"):
        sound = _whisper_answer.sound(call, _LARGEST_FILE)
    if not sound:
        return {"text": "", "segments": []}
    key = KEY.require(call)
    with call.timer("inferenceMs"):
        answer = _listener.send(
            "POST",
            f"{base_url(_ADDRESSES, _ADDRESS)}/audio/{'translations' if translates else 'transcriptions'}",
            within_s=time_limit_s(_ASR_TIMES, _ASR_TIME_S, _ASR_MOST_S),
            call=call,
            hide=(str(fields.get("prompt", "")), key),
            refuse=_too_much,
            headers={"Authorization": f"Bearer {key}"},
            data=fields,
            files={"file": ("speech.wav", sound, "audio/wav")},
        )
        with answer:
            body: Any = answer.json()
    return _whisper_answer.result(call, _listener, body, fields)


def _info(model: str) -> dict[str, object]:
    usable = bool(KEY.find())
    shared = {"id": model, "installed": usable, "available": usable, **({} if usable else {"remedy": KEY.remedy})}
    if model in LISTENERS:
        from vox_providers._whisper_languages import LANGUAGES

        features = ["translate"] if model == _TRANSLATES else []
        told = {"name": LISTENERS[model], "kind": "asr", "words": True, "languages": list(LANGUAGES)}
        return {**shared, **told, "features": features}
    name, language, _ = SPEAKERS[model]
    return {**shared, "name": name, "kind": "tts", "languages": [language], "features": ["synthesize.stream"]}


def _voice(name: str, model: str, language: str, usable: bool, default: bool) -> dict[str, object]:
    shown = {"id": name, "name": name.capitalize(), "language": language, "modelId": model}
    return {**shown, "available": usable, "default": default}


def _check(model: str, known: list[str]) -> None:
    from vox_providers._vendor_choice import check_model

    check_model("Groq", model, known)


def _speed(call: Call) -> float:
    if not _SLOWEST <= call.speed <= _FASTEST:
        message = f"Groq speaks at a speed from {_SLOWEST:g} to {_FASTEST:g}, not {call.speed:g}."
        raise ProviderError(message, rpc_code=_INVALID)
    return call.speed


def _too_much(refused: Refusal) -> ProviderError | None:
    advice = "Send the recording in parts."
    return refused.error("unsupported_audio", advice) if refused.status == 413 else None


if __name__ == "__main__":
    serve(provider)
