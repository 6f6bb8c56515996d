"""Speech from NVIDIA's Magpie TTS: a dozen languages, at NVIDIA or from a NIM of one's own.

Which voices there are is asked of the server; the name of a voice holds its language. The key is NV_API_KEY or
NVIDIA_API_KEY; see docs/providers/nvidia.md for the settings. Source: docs.nvidia.com, "TTS HTTP REST API Reference";
build.nvidia.com for the hosted address. Run it as `python -P -m vox_providers.nvidia`.
"""

from __future__ import annotations

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._http import Clock, Vendor
from vox_providers._nvidia_voices import DEFAULT_VOICE, fetch_voices, language, shown, voice_in
from vox_providers._vendor_settings import Key, base_url, setting, time_limit_s

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vox_providers._http import Answer

__all__ = ["install", "models", "preload", "provider", "synthesize", "voices"]

NAME = "NVIDIA TTS"
MODEL = "magpie-tts-multilingual"
LONGEST_TEXT = 2_000
"""Characters of one request."""
RATE = 44_100
"""Samples a second that are asked for, and that samples without a header have."""

KEY = Key("NVIDIA", "NV_API_KEY", "NVIDIA_API_KEY")

_ADDRESS = "https://877104f7-e885-42b9-8de8-f6e4c6303969.invocation.api.nvcf.nvidia.com"
_BASES = ("NVIDIA_BASE_URL",)
_SPEAKING, _LISTING = ("NVIDIA_TTS_URL", "NVIDIA_SYNTHESIZE_URL"), ("NVIDIA_VOICES_URL",)
_TIMES = ("VOX_NVIDIA_TTS_TIMEOUT_SECONDS", "NVIDIA_TTS_TIMEOUT_SECONDS")
_TIME_S, _MOST_S = 60.0, 120.0
_LISTING_S = 15.0  # for the list of voices, which somebody at a prompt waits for
_UNKNOWN_VOICE = (400, 404, 422, 500)  # statuses with which servers tell that they do not have a voice
_LIMIT = 8

provider = Provider("nvidia", kind="tts", max_concurrency=_LIMIT, streams=True)
_vendor = Vendor(NAME, KEY.names[0], limit=_LIMIT, address_name=_BASES[0])


@provider.models
def models() -> dict[str, object]:
    """The one model; whether it can be used is a matter of the key."""
    return {"models": [_info()], "features": ["remote", "credentials"]}


@provider.install
@provider.preload
def prepare(call: Call) -> dict[str, object]:
    """Nothing to fetch, and nothing to load but the way there: look for the key.

    Raises:
        ProviderError: No key (`unauthorized`), or no such model (`model_not_found`).
    """
    _check(call.model_id)
    call.progress(0.2, "starting")
    KEY.require(call)
    _vendor.prepare()
    call.progress(1.0, "ready")
    return {**_info(), "preloaded": True}


install = preload = prepare


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """All the server has; without a key the default one, as not available.

    Raises:
        ProviderError: Another model (`model_not_found`), or the server does not tell its voices.
    """
    if model_id is not None:
        _check(model_id)
    key = KEY.find()
    known = _voices(KEY.require(), _LISTING_S) if key else [DEFAULT_VOICE]
    return [
        {
            "id": voice,
            "name": shown(voice),
            "language": language(voice),
            "modelId": MODEL,
            "available": bool(key),
            "default": voice == DEFAULT_VOICE,
        }
        for voice in sorted(known, key=lambda voice: (language(voice), voice))
    ]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak up to 2000 characters. Without a voice, `language` chooses one; `speed` is not understood.

    Raises:
        ProviderError: No such model or voice, nothing to say, a text too long (`text_too_long`), or see `_http` and
            `_vendor_errors`.
    """
    from vox_providers import _speech

    _check(call.model_id)
    text = _speech.spoken_text(call).strip()
    if len(text) > LONGEST_TEXT:
        message = (
            f"The text has {len(text):,} characters, and {NAME} speaks {LONGEST_TEXT:,} at once: send it in parts."
        )
        raise ProviderError(message, code="text_too_long", limit=LONGEST_TEXT, length=len(text))
    key = KEY.require(call)
    clock = Clock(f"{NAME} request", time_limit_s(_TIMES, _TIME_S, _MOST_S), call)
    with call.timer("voiceResolveMs"):
        voice = call.voice_id or _voice_for(call, key, clock)
    with call.timer("synthesisMs"), _ask(call, text, voice, key, clock) as answer:
        _send(call, answer)
    return {"voiceId": voice, "language": language(voice)}


def _ask(call: Call, text: str, voice: str, key: str, clock: Clock) -> Answer:
    clock.check()
    form = {
        "text": text,
        "language": language(voice),
        "voice": voice,
        "encoding": "LINEAR_PCM",
        "sample_rate_hz": str(RATE),
    }
    try:
        return _vendor.send(
            "POST",
            _address(_SPEAKING, "/v1/audio/synthesize"),
            within_s=round(clock.left_s, 1),  # as a message may tell it
            call=call,
            hide=(text, key),
            headers={"Authorization": f"Bearer {key}"},
            files={name: (None, value.encode()) for name, value in form.items()},  # multipart without a file
        )
    except ProviderError as refused:
        if refused.data.get("httpStatus") in _UNKNOWN_VOICE and not refused.code:
            _check_voice(voice, key, clock)
        raise


def _check_voice(voice: str, key: str, clock: Clock) -> None:
    """After a refusal: was it the voice? A server that does not tell its voices leaves it at the refusal."""
    from vox_providers._vendor_choice import no_voice

    try:
        known = _voices(key, clock.left_s)
    except ProviderError:
        return
    if voice not in known:
        raise no_voice(NAME, voice, known)


def _send(call: Call, answer: Answer) -> None:
    """Pass on a WAV while it arrives, or samples without a header."""
    from itertools import chain

    from vox_providers._vendor_audio import refuse_text, send_pcm, send_wav

    if answer.status == 202:
        raise _vendor.failure("needs longer than it lets callers wait; try again", "provider_timeout")
    refuse_text(answer, NAME)
    chunks: Iterator[bytes] = answer.chunks()
    begun = b""
    for chunk in chunks:
        begun += chunk
        if len(begun) >= 4:
            break
    if begun.startswith(b"RIFF") or "wav" in answer.content_type:
        send_wav(call, chain([begun], chunks), NAME)
    else:
        send_pcm(call, begun + b"".join(chunks), RATE, 1, NAME)


def _voice_for(call: Call, key: str, clock: Clock) -> str:
    """The default voice, or one of the language that was asked for."""
    wanted = (call.language or "en").replace("_", "-").casefold()
    return DEFAULT_VOICE if wanted in ("en", "en-us") else voice_in(wanted, _voices(key, clock.left_s), NAME)


def _voices(key: str, within_s: float) -> list[str]:
    return fetch_voices(_vendor, _address(_LISTING, "/v1/audio/list_voices"), key, within_s)


def _address(names: tuple[str, ...], path: str) -> str:
    """An address that is named as a whole, or one under the server's."""
    if setting(*names):
        return base_url(names, _ADDRESS + path)
    return base_url(_BASES, _ADDRESS).removesuffix("/v1") + path


def _check(model: str) -> None:
    from vox_providers._vendor_choice import check_model

    check_model(NAME, model, [MODEL])


def _info() -> dict[str, object]:
    usable = bool(KEY.find())
    described = {"id": MODEL, "name": "Magpie TTS Multilingual", "installed": usable, "available": usable}
    return {**described, "sampleRate": RATE, **({} if usable else {"remedy": KEY.remedy})}


if __name__ == "__main__":
    serve(provider)
