"""Recognition by OpenAI, or by any server with the same API: `POST {base}/audio/transcriptions`.

The recording goes over the network to the address in `OPENAI_BASE_URL`, and OpenAI bills it to the owner of
`OPENAI_API_KEY`. A call ends after 30 seconds of wall clock; `VOX_OPENAI_ASR_TIMEOUT_SECONDS` or
`OPENAI_ASR_TIMEOUT_SECONDS` sets another limit, 120 at most. Only whisper-1 tells when each word is said, and only it
translates (into English). For a server with models of its own `VOX_OPENAI_ASR_MODELS` lists them, the default one
first. Source: OpenAI's reference of `createTranscription` and `createTranslation`. Run it as
`python -P -m vox_providers.openai_asr`.
"""

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers import _vendor_settings as settings
from vox_providers._http import Vendor
from vox_providers._openai import ADDRESS, KEY, Account, check_name, refuse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._vendor_errors import Refusal

__all__ = ["install", "models", "preload", "provider", "transcribe"]

NAME = "OpenAI ASR"

_LIMIT = 8
_TIMED = "whisper-1"  # the one of OpenAI's own models that knows times, and translates
_MODELS = ["gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", _TIMED]
_TIMEOUT_NAMES = ("VOX_OPENAI_ASR_TIMEOUT_SECONDS", "OPENAI_ASR_TIMEOUT_SECONDS")
_TIMEOUT_S, _LONGEST_TIMEOUT_S = 30.0, 120.0
_LARGEST_ANSWER = 32 << 20  # bytes; the words of hours of speech with their times
_INVALID = -32602

provider = Provider("openai", kind="asr", max_concurrency=_LIMIT)
vendor = Vendor(NAME, KEY, limit=_LIMIT, address_name=ADDRESS)


@provider.models
def models() -> dict[str, object]:
    """The models, usable when there is a key; nobody is asked for that."""
    return {"models": [_model_info(model) for model in _models()], "features": ["remote"]}


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


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """The words in `call.path`; with their times where the model tells them and they are wanted.

    Raises:
        ProviderError: No key, no such model, a recording that is too large, a translation by a model that has none, and
            whatever goes wrong on the way; see `_http`.
    """
    from vox_providers._openai_transcript import read_transcript

    account = _account(call)
    translated = call.params.get("task") == "translate"
    if translated and call.model_id in _MODELS and call.model_id != _TIMED:
        raise ProviderError(f"{call.model_id} does not translate; {_TIMED} does, into English.", rpc_code=_INVALID)
    fields = _fields(call, translated)
    prompt = str(fields.get("prompt", ""))
    with (
        call.timer("inferenceMs"),
        vendor.send(
            "POST",
            f"{account.url}/audio/{'translations' if translated else 'transcriptions'}",
            within_s=settings.time_limit_s(_TIMEOUT_NAMES, _TIMEOUT_S, _LONGEST_TIMEOUT_S),
            call=call,
            hide=(prompt, account.key),
            refuse=_refuse,
            headers=account.headers(),
            data=fields,
            files={"file": _recording(call, account)},
        ) as answer,
    ):
        told = answer.json(_LARGEST_ANSWER)
    try:
        return read_transcript(told, words=call.params.get("words") is True, language="en" if translated else None)
    except ValueError as problem:
        raise vendor.failure(f"answered with what is no transcript: {problem}", "provider_misbehaved") from None


def _recording(call: Call, account: Account) -> tuple[str, bytes, str]:
    from vox_providers._vendor_upload import recording

    with call.timer("audioPrepareMs"):
        return recording(call.path, compress=account.own, service="OpenAI")


def _fields(call: Call, translated: bool) -> dict[str, object]:
    """What is asked for, without the recording."""
    wanted = call.params.get("words") is True and not translated
    timed = call.model_id == _TIMED or (wanted and call.model_id not in _MODELS)
    fields: dict[str, object] = {"model": call.model_id, "response_format": "verbose_json" if timed else "json"}
    if timed and wanted:
        fields["timestamp_granularities[]"] = ["word", "segment"]
    if call.language and not translated:
        fields["language"] = call.language.replace("_", "-").partition("-")[0].lower()
    if prompt := _prompt(call):
        fields["prompt"] = prompt
    temperature = call.params.get("temperature")
    if isinstance(temperature, int | float) and not isinstance(temperature, bool):
        if not 0 <= temperature <= 1:
            raise ProviderError(f"temperature must be between 0 and 1, not {temperature:g}.", rpc_code=_INVALID)
        fields["temperature"] = f"{temperature:g}"
    return fields


def _prompt(call: Call) -> str:
    """The prompt, and after it the words to listen for: this API has no other place for them."""
    prompt, hotwords = call.params.get("prompt"), call.params.get("hotwords")
    given = [prompt] if isinstance(prompt, str) and prompt else []
    if isinstance(hotwords, list):
        given.append(", ".join(word for word in hotwords if isinstance(word, str) and word))
    return "\n".join(part for part in given if part)


def _refuse(refused: "Refusal") -> ProviderError | None:
    if refused.status == 413:
        return refused.error("audio_too_large", "Cut the recording into parts.")
    if refused.status == 415:
        return refused.error("unsupported_audio")
    return refuse(refused)


def _account(call: Call) -> Account:
    """The account that this call uses, which has its model.

    Raises:
        ProviderError: No key (`unauthorized`), or no such model.
    """
    account = Account(NAME, call)
    if account.own:
        check_name("model", call.model_id, _models())
    account.headers()
    return account


def _models() -> list[str]:
    return settings.listed("VOX_OPENAI_ASR_MODELS") or _MODELS


def _model_info(model: str) -> dict[str, object]:
    account = Account(NAME)
    info: dict[str, object] = {
        "id": model,
        "name": f"OpenAI {model}" if account.own else model,
        "installed": account.usable,
        "available": account.usable,
        "words": model == _TIMED or model not in _MODELS,
        "features": ["translate"] if model == _TIMED or model not in _MODELS else [],
        "description": "Recognition over the network; the recording is sent there, and may cost money.",
    }
    return info if account.usable else {**info, "remedy": account.remedy}


if __name__ == "__main__":
    serve(provider)
