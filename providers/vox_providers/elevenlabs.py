"""ElevenLabs: speech in all voices of an account, and recognition by Scribe, over the network.

The key is ELEVENLABS_API_KEY; the text or the recording of each call goes to ELEVENLABS_BASE_URL. Speech is asked for
as samples and heard while it is made, unless ELEVENLABS_OUTPUT_FORMAT says otherwise. Run it as
`python -P -m vox_providers.elevenlabs`.
"""

from itertools import chain

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers import _vendor_settings as settings
from vox_providers._elevenlabs_formats import Format, find_format
from vox_providers._elevenlabs_speech import LANGUAGES, LONGEST, speech_request
from vox_providers._elevenlabs_voices import DEFAULT_VOICE, check_voice, default_voice, read_voices
from vox_providers._http import Answer, Vendor
from vox_providers._vendor_audio import refuse_text, send_wav

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._vendor_errors import Refusal

__all__ = ["install", "models", "preload", "provider", "synthesize", "transcribe", "voices"]

_CALLS = 8  # at once; how many an account may run depends on its plan, and the API says 429 beyond
_SPEAKING_S, _PER_CHARACTER_S, _SPEAKING_MOST_S = 60.0, 0.02, 900.0
_HEARING_S, _PER_SECOND_S, _HEARING_MOST_S = 60.0, 0.2, 7200.0
_LARGEST_SPEECH = 180 << 20  # bytes of samples; more do not fit into a line that Vox reads
_LISTING_S = 30.0  # for all pages of voices
_SHORTEST_MS = 100.0  # of a recording; the API refuses shorter ones
_LARGEST_TRANSCRIPT = 64 << 20  # bytes; ten hours of words with their times
SCRIBE = "scribe_v2"
"""The recognising model. Its predecessor scribe_v1 was switched off on 9 July 2026."""

_CODES = {
    "concurrent_limit_exceeded": "rate_limited",
    "too_many_concurrent_requests": "rate_limited",
    "system_busy": "rate_limited",
    "output_format_not_allowed": "unsupported_format",
    "invalid_output_format": "unsupported_format",
}
"""Names of errors that only ElevenLabs has → ours."""

provider = Provider("elevenlabs", kind="both", max_concurrency=_CALLS)
vendor = Vendor("ElevenLabs", "ELEVENLABS_API_KEY", limit=_CALLS, address_name="ELEVENLABS_BASE_URL")
key = settings.Key("ElevenLabs", "ELEVENLABS_API_KEY", lent=False)


@provider.models
def models() -> dict[str, object]:
    """Four that speak and one that listens; they can be used when there is a key."""
    return {"models": [_model_info(model) for model in (*LONGEST, SCRIBE)], "features": ["remote"]}


@provider.install
@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Nothing to fetch, and nothing to load but the way there: look whether the settings can be used.

    Raises:
        ProviderError: No key (`unauthorized`), no such format or model, or no address.
    """
    _check_model(call.model_id, (*LONGEST, SCRIBE))
    call.progress(0.2, "starting")
    key.require(call)
    _base()
    vendor.prepare()
    if call.model_id != SCRIBE:
        _format()
    call.progress(1.0, "ready")
    return {**_model_info(call.model_id), "preloaded": True}


install = preload


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """All voices of the account; without a key the default one, which is not available then. Scribe has none.

    Raises:
        ProviderError: No such model, or the list cannot be had.
    """
    if model_id is not None:
        _check_model(model_id, (*LONGEST, SCRIBE))
    if model_id == SCRIBE:
        return []
    model = model_id or next(iter(LONGEST))
    secret = key.find()
    if not secret:
        return [default_voice(model, available=False)]
    return read_voices(vendor, _base(), key.require(), model, _LISTING_S)


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text in the voice asked for.

    Raises:
        ProviderError: No key, nothing to say, too long, no such voice or language, refused, or out of time.
    """
    _check_model(call.model_id, LONGEST)
    secret, form = key.require(call), _format()
    voice = check_voice(call.voice_id or DEFAULT_VOICE)
    live = form.live if call.wants_stream else None
    with (
        call.timer("synthesisMs"),
        vendor.send(
            "POST",
            f"{_base()}/v1/text-to-speech/{voice}{'/stream' if live else ''}",
            within_s=_speaking_s(call),
            call=call,
            hide=(call.text, secret),
            refuse=_refuse,
            headers={"xi-api-key": secret},
            params={"output_format": (live or form).name},
            json=speech_request(call),
        ) as answer,
    ):
        return {**_received(call, answer, live or form), "voiceId": voice}


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """Write down what is said, with times.

    Raises:
        ProviderError: No key, nothing that can be read, a translation is wanted, refused, or out of time.
    """
    from vox.provider.wav import duration_ms
    from vox_providers import _elevenlabs_scribe as scribe

    _check_model(call.model_id, (SCRIBE,))
    secret, form = key.require(call), scribe.fields(call, SCRIBE)
    with call.timer("audioLoadMs"):
        recording = _recording(call.path)
    length_ms = duration_ms(recording[:4096], len(recording)) or 0.0
    if length_ms < _SHORTEST_MS:
        return {"text": ""}
    with (
        call.timer("inferenceMs"),
        vendor.send(
            "POST",
            f"{_base()}/v1/speech-to-text",
            within_s=_hearing_s(length_ms),
            call=call,
            hide=("", secret),
            refuse=_refuse,
            headers={"xi-api-key": secret},
            data=form,
            files={"file": ("recording.wav", recording, "audio/wav")},
        ) as answer,
    ):
        return scribe.transcript(answer.json(_LARGEST_TRANSCRIPT), call)


def _model_info(model: str) -> dict[str, object]:
    here = bool(key.find())
    info: dict[str, object] = {"id": model, "name": f"ElevenLabs {model}", "installed": here, "available": here}
    if model == SCRIBE:
        info |= {"kind": "asr", "words": True, "description": "Scribe: over 90 languages, over the network."}
    else:
        info |= {"kind": "tts", "description": f"Speech over the network, {LONGEST[model]:,} characters a request."}
        info |= {"languages": LANGUAGES[model]} if model in LANGUAGES else {}
        info |= {"features": ["synthesize.stream"]} if _can_stream() else {}
    return info if here else {**info, "remedy": key.remedy}


def _check_model(model: str, known: "dict[str, int] | tuple[str, ...]") -> None:
    if model not in known:
        message = f"ElevenLabs has no model {model!r} for this; it has {', '.join(known)}."
        raise ProviderError(message, code="model_not_found", nearest=list(known))


def _base() -> str:
    return settings.base_url(("ELEVENLABS_BASE_URL",), "https://api.elevenlabs.io")


def _format() -> Format:
    return find_format(settings.setting("ELEVENLABS_OUTPUT_FORMAT"))


def _speaking_s(call: Call) -> float:
    usual = min(_SPEAKING_S + _PER_CHARACTER_S * len(call.text), _SPEAKING_MOST_S)
    return settings.time_limit_s(("VOX_ELEVENLABS_TTS_TIMEOUT_SECONDS",), usual, _SPEAKING_MOST_S)


def _hearing_s(length_ms: float) -> float:
    usual = min(_HEARING_S + _PER_SECOND_S * length_ms / 1000, _HEARING_MOST_S)
    return settings.time_limit_s(("VOX_ELEVENLABS_ASR_TIMEOUT_SECONDS",), usual, _HEARING_MOST_S)


def _can_stream() -> bool:
    try:
        return _format().live is not None
    except ProviderError:  # told with the first call for speech
        return False


def _received(call: Call, answer: Answer, form: Format) -> dict[str, object]:
    """Pass on samples as they come; a compressed file is part of the result."""
    refuse_text(answer, vendor.name)
    if form.is_compressed:
        data = answer.read()
        if not form.fits(data):
            raise vendor.failure(f"sent no {form.codec} file, although that was asked for", "provider_misbehaved")
        return {"audio": data, "contentType": form.content_type, "format": form.codec}
    chunks = answer.chunks(_LARGEST_SPEECH)
    begin = next(chunks, b"")
    chunks = chain((begin,), chunks)
    if form.codec == "wav" or begin.startswith(b"RIFF"):  # gateways answer with WAV whatever they are asked for
        send_wav(call, chunks, vendor.name)
        return {}
    for pcm in form.samples(chunks):
        call.send_audio(pcm, form.rate)
    if not call.sent_bytes:
        raise vendor.failure("sent no sound", "provider_misbehaved")
    return {}


def _recording(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        message = f"The recording at {path} cannot be read: {error.strerror}."
        raise ProviderError(message, code="unsupported_audio") from None


def _refuse(refused: "Refusal") -> ProviderError | None:
    """The errors that ElevenLabs tells in its own way; the status of a used-up account is that of a wrong key."""
    if "voice_not_found" in refused.names:
        return refused.error("voice_not_found", "`vox voices` lists those of your account.")
    own = next((_CODES[name] for name in sorted(refused.names) if name in _CODES), None)
    advice = "Set another ELEVENLABS_OUTPUT_FORMAT." if own == "unsupported_format" else ""
    return refused.error(own, advice) if own else None


if __name__ == "__main__":
    serve(provider)
