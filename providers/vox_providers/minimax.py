"""MiniMax: expressive speech over the network, by the models speech-2.8 to speech-01.

The key is MINIMAX_API_KEY; the text of each call goes to MINIMAX_BASE_URL. The sound comes as hexadecimal digits in
JSON, as one object or, to be heard while it is made, as a stream of them. An answer of HTTP 200 is often a refusal:
`base_resp.status_code` says so. Run it as `python -P -m vox_providers.minimax`.
"""

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers import _vendor_settings as settings
from vox_providers._http import Answer, Vendor
from vox_providers._minimax_answer import NAME, check, events, is_last, metrics, refused_with, sound_of
from vox_providers._minimax_voices import LANGUAGES, VOICES, check_voice, listed_voices
from vox_providers._vendor_audio import send_wav
from vox_providers._vendor_choice import check_model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._vendor_errors import Refusal

__all__ = ["install", "models", "preload", "provider", "synthesize", "voices"]

MODELS = (
    "speech-2.8-hd",
    "speech-2.8-turbo",
    "speech-2.6-hd",
    "speech-2.6-turbo",
    "speech-02-hd",
    "speech-02-turbo",
    "speech-01-hd",
    "speech-01-turbo",
)
"""The default first."""

_INVALID = -32602
_CALLS = 8  # at once
_RATE = 32_000  # Hz, what MiniMax makes unless it is told otherwise
_LONGEST = 10_000  # characters, fewer than which one request may have
_SLOWEST, _FASTEST = 0.5, 2.0
_SPEAKING_S, _PER_CHARACTER_S, _SPEAKING_MOST_S = 60.0, 0.02, 900.0
_LISTING_S = 8.0

provider = Provider("minimax", kind="tts", max_concurrency=_CALLS, streams=True)
vendor = Vendor(NAME, "MINIMAX_API_KEY", limit=_CALLS, address_name="MINIMAX_BASE_URL")
key = settings.Key(NAME, "MINIMAX_API_KEY", lent=False)


@provider.models
def models() -> dict[str, object]:
    """All eight; they can be used when there is a key."""
    return {"models": [_model_info(model) for model in MODELS], "features": ["remote"]}


@provider.install
@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Nothing to fetch, and nothing to load but the way there: look whether the settings can be used.

    Raises:
        ProviderError: No key (`unauthorized`), no such model, or no address.
    """
    check_model(NAME, call.model_id, MODELS)
    call.progress(0.2, "starting")
    key.require(call)
    _base()
    vendor.prepare()
    call.progress(1.0, "ready")
    return {**_model_info(call.model_id), "preloaded": True}


install = preload


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """Those every account has, and with a key those of the account besides.

    Raises:
        ProviderError: There is no such model (`model_not_found`), or the key or the address cannot be one.
    """
    if model_id is not None:
        check_model(NAME, model_id, MODELS)
    model = model_id or MODELS[0]
    if key.find():
        found = listed_voices(vendor, _base(), key.require(), _LISTING_S)
        return [{**voice, "modelId": model} for voice in found]
    default = next(iter(VOICES))
    rest = {"language": "en", "modelId": model, "available": False}
    return [{"id": voice, "name": name, "default": voice == default, **rest} for voice, name in VOICES.items()]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text in the voice asked for.

    Raises:
        ProviderError: No key, nothing to say, too long, no such voice, refused, or out of time.
    """
    check_model(NAME, call.model_id, MODELS)
    secret, body = key.require(call), _request(call)
    hide = (call.text, secret)
    with (
        call.timer("synthesisMs"),
        vendor.send(
            "POST",
            f"{_base()}/t2a_v2",
            within_s=_speaking_s(call),
            call=call,
            hide=hide,
            refuse=lambda refused: _refuse(refused, hide),
            headers={"Authorization": f"Bearer {secret}"},
            json=body,
        ) as answer,
    ):
        told = _stream(call, answer, hide) if call.wants_stream else _whole(call, answer, hide)
    if not call.sent_bytes:
        raise vendor.failure("sent no sound", "provider_misbehaved")
    return {"voiceId": call.voice_id or next(iter(VOICES)), "metrics": told}


def _model_info(model: str) -> dict[str, object]:
    here = bool(key.find())
    info: dict[str, object] = {
        "id": model,
        "name": f"MiniMax {model}",
        "installed": here,
        "available": here,
        "languages": list(LANGUAGES),
        "sampleRate": _RATE,
        "description": "Expressive speech over the network, fewer than 10,000 characters a request.",
    }
    return info if here else {**info, "remedy": key.remedy}


def _base() -> str:
    return settings.base_url(("MINIMAX_BASE_URL",), "https://api.minimax.io/v1")


def _speaking_s(call: Call) -> float:
    usual = min(_SPEAKING_S + _PER_CHARACTER_S * len(call.text), _SPEAKING_MOST_S)
    return settings.time_limit_s(("VOX_MINIMAX_TTS_TIMEOUT_SECONDS",), usual, _SPEAKING_MOST_S)


def _request(call: Call) -> dict[str, object]:
    """The body of a request. WAV is for whole answers only; a stream is samples, not all of them again at its end."""
    speed = call.speed
    if not _SLOWEST <= speed <= _FASTEST:
        raise ProviderError(
            f"MiniMax speaks at a speed from {_SLOWEST} to {_FASTEST}, not {speed:g}.", rpc_code=_INVALID
        )
    voice = check_voice(call.voice_id or next(iter(VOICES)))
    language = (call.language or "").replace("_", "-").partition("-")[0].lower()
    body: dict[str, object] = {
        "model": call.model_id,
        "text": _text(call.text),
        "stream": call.wants_stream,
        "language_boost": LANGUAGES.get(language, "auto"),
        "output_format": "hex",
        "voice_setting": {"voice_id": voice, "speed": speed, "vol": 1, "pitch": 0},
        "audio_setting": {
            "sample_rate": _RATE,
            "bitrate": 128_000,
            "format": "pcm" if call.wants_stream else "wav",
            "channel": 1,
        },
    }
    return {**body, "stream_options": {"exclude_aggregated_audio": True}} if call.wants_stream else body


def _text(text: str) -> str:
    if len(text) >= _LONGEST:
        message = f"The text has {len(text):,} characters, and MiniMax takes {_LONGEST - 1:,}: send it in parts."
        raise ProviderError(message, code="text_too_long", limit=_LONGEST - 1, length=len(text))
    if not any(character.isalnum() for character in text):
        from vox_providers._speech import nothing_to_say

        raise nothing_to_say()
    return text


def _whole(call: Call, answer: Answer, hide: tuple[str, ...]) -> dict[str, float]:
    """Pass on the WAV of an answer; gives what it tells besides, as metrics."""
    told = answer.json()
    check(told, hide)
    sound = sound_of(told)
    if sound:
        send_wav(call, [sound], NAME)
    return metrics(told)


def _stream(call: Call, answer: Answer, hide: tuple[str, ...]) -> dict[str, float]:
    """Pass on samples as they come; the last event may repeat them all, although it was asked not to."""
    rest, found, ended = b"", dict[str, float](), False
    for event in events(answer.chunks()):
        check(event, hide)
        found = metrics(event) or found
        ended = ended or is_last(event)
        if is_last(event) and call.sent_bytes:
            continue
        sound = rest + sound_of(event)
        whole = len(sound) // 2 * 2
        rest = sound[whole:]
        if whole:
            call.send_audio(sound[:whole], _RATE)
    if rest or not ended:
        raise vendor.failure("ended the stream before the speech was over", "provider_misbehaved")
    return found


def _refuse(refused: "Refusal", hide: tuple[str, ...]) -> ProviderError | None:
    """What `base_resp` of a refusal says, which is more than its status."""
    import json

    try:
        return refused_with(json.loads(refused.body), hide, refused.status)
    except (ValueError, RecursionError):
        return None


if __name__ == "__main__":
    serve(provider)
