"""Speech from Google's Gemini API, in the tone that `instructions` describe.

One model reads all languages it knows in any of thirty voices. Models later than 2.5 send the speech while they make
it. The key is GEMINI_API_KEY, GOOGLE_API_KEY or GOOGLE_GENAI_API_KEY; see docs/providers/gemini.md for the settings.
Source: ai.google.dev, "Text-to-speech generation" and "models.generateContent". Run it as
`python -P -m vox_providers.gemini`.
"""

from __future__ import annotations

from vox.provider import Call, Provider, serve
from vox_providers._http import Vendor
from vox_providers._vendor_settings import Key, base_url, listed, time_limit_s

__all__ = ["install", "models", "preload", "provider", "synthesize", "voices"]

NAME = "Gemini TTS"
MODELS = {
    "gemini-2.5-flash-preview-tts": "Gemini 2.5 Flash TTS",
    "gemini-2.5-pro-preview-tts": "Gemini 2.5 Pro TTS",
    "gemini-3.1-flash-tts-preview": "Gemini 3.1 Flash TTS",
}
"""Those that are known; VOX_GEMINI_TTS_MODELS adds others."""

# fmt: off
VOICES = (
    "Puck", "Zephyr", "Charon", "Kore", "Fenrir", "Leda", "Orus", "Aoede", "Callirrhoe", "Autonoe", "Enceladus",
    "Iapetus", "Umbriel", "Algieba", "Despina", "Erinome", "Algenib", "Rasalgethi", "Laomedeia", "Achernar",
    "Alnilam", "Schedar", "Gacrux", "Pulcherrima", "Achird", "Zubenelgenubi", "Vindemiatrix", "Sadachbia",
    "Sadaltager", "Sulafat",
)
# fmt: on
"""Every model has all of them; the first is the default."""

KEY = Key("Gemini", "GEMINI_API_KEY", "GOOGLE_API_KEY", "GOOGLE_GENAI_API_KEY")

_ADDRESSES = ("GEMINI_BASE_URL", "GOOGLE_GENAI_BASE_URL")
_ADDRESS = "https://generativelanguage.googleapis.com/v1beta"
_TIMES = ("VOX_GEMINI_TTS_TIMEOUT_SECONDS", "GEMINI_TTS_TIMEOUT_SECONDS")
_TIME_S, _MOST_S = 12.0, 30.0
_WHOLE_ONLY = "gemini-2.5-"  # models of that name answer when all is said
_LIMIT = 8

provider = Provider("gemini", kind="tts", max_concurrency=_LIMIT)
_vendor = Vendor(NAME, KEY.names[0], limit=_LIMIT, address_name=_ADDRESSES[0])


@provider.models
def models() -> dict[str, object]:
    """Every model; whether they can be used is a matter of the key."""
    return {"models": [_info(model) for model in _models()], "features": ["remote", "credentials"]}


@provider.install
@provider.preload
def prepare(call: Call) -> dict[str, object]:
    """Nothing to fetch, and nothing to load but the way there: look for the key.

    Raises:
        ProviderError: No key (`unauthorized`), or no such model (`model_not_found`).
    """
    from vox_providers._vendor_choice import check_model

    check_model(NAME, call.model_id, _models())
    call.progress(0.2, "starting")
    KEY.require(call)
    _vendor.prepare()
    call.progress(1.0, "ready")
    return {**_info(call.model_id), "preloaded": True}


install = preload = prepare


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """The thirty voices, for one model or for each."""
    from vox_providers._vendor_choice import check_model

    if model_id is not None:
        check_model(NAME, model_id, _models())
    usable = bool(KEY.find())
    return [
        {"id": voice, "modelId": model, "available": usable, "default": voice == VOICES[0]}
        for model in ([model_id] if model_id else _models())
        for voice in VOICES
    ]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text; `instructions` go before it, `speed` is not understood.

    Raises:
        ProviderError: No such model or voice, nothing to say, a text that the vendor refuses or finds too long, or see
            `_http` and `_vendor_errors`.
    """
    from vox_providers import _gemini_answer, _speech, _vendor_choice

    _vendor_choice.check_model(NAME, call.model_id, _models())
    voice = _vendor_choice.named_voice(NAME, call.voice_id, VOICES)
    prompt = _prompt(call, _speech.spoken_text(call).strip())
    key = KEY.require(call)
    streams = call.wants_stream and not call.model_id.startswith(_WHOLE_ONLY)
    way = ":streamGenerateContent?alt=sse" if streams else ":generateContent"
    with call.timer("synthesisMs"):
        answer = _vendor.send(
            "POST",
            f"{base_url(_ADDRESSES, _ADDRESS)}/models/{call.model_id}{way}",
            within_s=time_limit_s(_TIMES, _TIME_S, _MOST_S),
            call=call,
            hide=(prompt, key),
            refuse=_gemini_answer.refused,
            headers={"x-goog-api-key": key},
            json=_request(prompt, voice),
        )
        with answer:
            _gemini_answer.speak(call, _vendor, answer, (prompt, key))
    return {"voiceId": voice}


def _models() -> list[str]:
    return list(dict.fromkeys((*MODELS, *listed("VOX_GEMINI_TTS_MODELS"))))


def _info(model: str) -> dict[str, object]:
    usable = bool(KEY.find())
    described: dict[str, object] = {"id": model, "name": MODELS.get(model, model), "installed": usable}
    described |= {"available": usable, "features": [] if model.startswith(_WHOLE_ONLY) else ["synthesize.stream"]}
    return {**described, "sampleRate": 24_000, **({} if usable else {"remedy": KEY.remedy})}


def _prompt(call: Call, text: str) -> str:
    instructions = call.params.get("instructions")
    return f"{instructions.strip()}\n\n{text}" if isinstance(instructions, str) and instructions.strip() else text


def _request(prompt: str, voice: str) -> dict[str, object]:
    speech = {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}}
    return {
        "contents": [{"parts": [{"text": prompt}]}],
        "generationConfig": {"responseModalities": ["AUDIO"], "speechConfig": speech},
    }


if __name__ == "__main__":
    serve(provider)
