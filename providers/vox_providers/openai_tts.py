"""Speech from OpenAI, or from any server with the same API: `POST {base}/audio/speech`.

The text goes over the network to the address in `OPENAI_BASE_URL`, and OpenAI bills it to the owner of
`OPENAI_API_KEY`. What comes back is passed on while it arrives. A call ends after 12 seconds of wall clock;
`VOX_OPENAI_TTS_TIMEOUT_SECONDS` or `OPENAI_TTS_TIMEOUT_SECONDS` sets another limit, 30 at most. For a server with
models and voices of its own, `VOX_OPENAI_TTS_MODELS` and `VOX_OPENAI_TTS_VOICES` list them, the default one first.
Source: OpenAI's reference of `createSpeech`. Run it as `python -P -m vox_providers.openai_tts`.
"""

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers import _vendor_settings as settings
from vox_providers._http import Vendor
from vox_providers._openai import ADDRESS, KEY, Account, check_name, refuse

__all__ = ["install", "models", "preload", "provider", "synthesize", "voices"]

NAME = "OpenAI TTS"

_LIMIT = 8
_LONGEST = 4096  # characters that OpenAI takes in one request
_MODELS = ["gpt-4o-mini-tts", "tts-1", "tts-1-hd"]
_VOICES: str = "alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse"
_DIRECTED = "gpt-4o-mini-tts"  # the one of OpenAI's own models that takes instructions
_TIMEOUT_NAMES = ("VOX_OPENAI_TTS_TIMEOUT_SECONDS", "OPENAI_TTS_TIMEOUT_SECONDS")
_TIMEOUT_S, _LONGEST_TIMEOUT_S = 12.0, 30.0

provider = Provider("openai-tts", kind="tts", max_concurrency=_LIMIT, streams=True)
vendor = Vendor(NAME, KEY, limit=_LIMIT, address_name=ADDRESS)


@provider.models
def models() -> dict[str, object]:
    """The models, usable when there is a key; nobody is asked for that."""
    return {"models": [_model_info(model) for model in _models()], "features": ["remote", "credentials"]}


@provider.install
def install(call: Call) -> dict[str, object]:
    """Nothing to fetch: see that there is a key.

    Raises:
        ProviderError: No key (`unauthorized`), no such model.
    """
    _account(call)
    return _model_info(call.model_id)


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Nothing to load but the way there: see that there is a key.

    Raises:
        ProviderError: No key (`unauthorized`), no such model.
    """
    call.progress(0.2, "starting")
    _account(call)
    vendor.prepare()
    call.progress(1.0, "ready")
    return {**_model_info(call.model_id), "preloaded": True}


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """The voices, the default one first.

    Raises:
        ProviderError: No such model.
    """
    account = Account(NAME)
    names = _models() if model_id is None else [_checked_model(model_id, account)]
    return [
        {
            "id": voice,
            "name": voice.capitalize(),
            "modelId": model,
            "available": account.usable,
            "default": voice == _voices()[0],
        }
        for model in names
        for voice in _voices()
    ]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """The text as speech, passed on while it comes.

    Raises:
        ProviderError: No key, no such model or voice, a text that is too long or a speed that is not offered, and
            whatever goes wrong on the way; see `_http`.
    """
    from vox_providers._vendor_audio import refuse_text, send_wav

    account = _account(call)
    voice = call.voice_id or _voices()[0]
    if call.model_id in _MODELS:
        check_name("voice", voice, _voices())
    request = {**_body(call), "voice": voice}
    with (
        call.timer("synthesisMs"),
        vendor.send(
            "POST",
            f"{account.url}/audio/speech",
            within_s=settings.time_limit_s(_TIMEOUT_NAMES, _TIMEOUT_S, _LONGEST_TIMEOUT_S),
            call=call,
            hide=(call.text, account.key),
            refuse=refuse,
            headers=account.headers(),
            json=request,
        ) as answer,
    ):
        refuse_text(answer, NAME)
        send_wav(call, answer.chunks(), NAME)
    return {"voiceId": voice}


def _body(call: Call) -> dict[str, object]:
    """What is asked for, without the voice."""
    from vox_providers import _speech

    _speech.spoken_text(call)
    if call.model_id in _MODELS and len(call.text) > _LONGEST:
        raise ProviderError(
            f"The text has {len(call.text)} characters, and OpenAI takes {_LONGEST} in a request: send it in parts, "
            "cut between sentences.",
            code="text_too_long",
            limit=_LONGEST,
            length=len(call.text),
        )
    body: dict[str, object] = {"model": call.model_id, "input": call.text, "response_format": "wav"}
    if call.params.get("speed") is not None:
        body["speed"] = _speech.speed(call)
    instructions = call.params.get("instructions")
    if isinstance(instructions, str) and instructions and (call.model_id == _DIRECTED or call.model_id not in _MODELS):
        body["instructions"] = instructions
    return body


def _account(call: Call) -> Account:
    """The account that this call uses, which has its model.

    Raises:
        ProviderError: No key (`unauthorized`), or no such model.
    """
    account = Account(NAME, call)
    _checked_model(call.model_id, account)
    account.headers()
    return account


def _checked_model(model: str, account: Account) -> str:
    return check_name("model", model, _models()) if account.own else model


def _models() -> list[str]:
    return settings.listed("VOX_OPENAI_TTS_MODELS") or _MODELS


def _voices() -> list[str]:
    return settings.listed("VOX_OPENAI_TTS_VOICES") or _VOICES.split()


def _model_info(model: str) -> dict[str, object]:
    account = Account(NAME)
    info: dict[str, object] = {
        "id": model,
        "name": f"OpenAI {model}" if account.own else model,
        "installed": account.usable,
        "available": account.usable,
        "description": "Speech over the network; the text is sent there, and may cost money.",
    }
    return info if account.usable else {**info, "remedy": account.remedy}


if __name__ == "__main__":
    serve(provider)
