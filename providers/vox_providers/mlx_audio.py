"""mlx-audio on Apple silicon: a bridge to the Python environment that has it, for recognition and for speech.

Models and voices come from VOX_MLX_AUDIO_ASR_MODELS, VOX_MLX_AUDIO_TTS_MODELS and the variables in `_mlx_models`; where
mlx-audio is, from those in `_mlx_python`. One child process has the models in memory. Run this as
`python -P -m vox_providers.mlx_audio`.
"""

from _thread import allocate_lock  # as the kit does: threading is slow to import
from os.path import isfile

from vox.provider import Call, Provider, ProviderError, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._bridge import Bridge

__all__ = ["install", "models", "preload", "provider", "synthesize", "transcribe", "voices"]

_LOAD_S, _WORK_S = 7200.0, 1800.0  # a download may take hours; Vox's own limits for speech come first
_INVALID = -32602

provider = Provider("mlx-audio", kind="both")
_bridges: "list[Bridge]" = []
_loaded: dict[str, int] = {}  # model → which start of the child has it in memory
_making = allocate_lock()


@provider.models
def models() -> dict[str, object]:
    """The models that are configured, those that recognise first."""
    from vox_providers import _mlx_models, _mlx_python

    fault = _mlx_python.find().fault
    kinds = (("asr", _mlx_models.asr_models()), ("tts", _mlx_models.tts_models()))
    listed = [_model_info(model, kind, fault) for kind, names in kinds for model in names]
    return {"models": listed, "features": ["synthesize.stream"]}


@provider.install
def install(call: Call) -> dict[str, object]:
    """Load the model; mlx-audio downloads what is missing.

    Raises:
        ProviderError: mlx-audio is not there (`model_not_installed`), or the model does not load.
    """
    kind = _kind(call.model_id)
    _load(call, kind)
    return _model_info(call.model_id, kind)


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Load the model, which must be installed.

    Raises:
        ProviderError: It or mlx-audio is not there (`model_not_installed`), or it does not load.
    """
    kind = _kind(call.model_id)
    _check_installed(call.model_id)
    _load(call, kind)
    return _model_info(call.model_id, kind)


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """The text of the recording, with the segments the model tells.

    Raises:
        ProviderError: The model is not there, the recording is not, or the model failed.
    """
    from vox_providers import _mlx_models

    model = _usable(call, "asr")
    if not isfile(call.path):
        raise ProviderError(f"There is no recording at {call.path}.", code="unsupported_audio")
    language = _mlx_models.spoken_language(call.language)
    options = {"language": language} if language else {}
    with call.timer("inferenceMs"):
        params = {"modelId": model, "kind": "asr", "path": call.path, "options": options}
        found = _bridge().request("transcribe", params, call, _WORK_S)
    _remember(model)
    segments = [{"id": number, **segment} for number, segment in enumerate(found["segments"])]
    result: dict[str, object] = {"text": found["text"]}
    result |= {"segments": segments} if segments else {}
    return result | ({"language": found["language"]} if found["language"] else {})


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """The voices of a model, or of all.

    Raises:
        ProviderError: There is no such model (`model_not_found`).
    """
    from vox_providers import _mlx_models

    if model_id is not None and _kind(model_id) != "tts":
        return []
    return [
        {**voice, "modelId": model, "default": not number}
        for model in ([model_id] if model_id else _mlx_models.tts_models())
        for number, voice in enumerate(_mlx_models.voices(model))
    ]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text; each piece is heard when the model has made it.

    Raises:
        ProviderError: Nothing to say, no such voice or model, mlx-audio is not there, or the model failed.
    """
    from vox_providers import _mlx_models, _speech

    model = _usable(call, "tts")
    text, speed, voice = _speech.spoken_text(call).strip(), _speech.speed(call), _voice(call, model)
    options: dict[str, object] = {
        "voice": voice,
        "speed": speed,
        "lang_code": _mlx_models.language_code(model, voice, call.language),
        "max_tokens": _mlx_models.number("TTS_MAX_TOKENS"),
    }
    given = {name: value for name, value in options.items() if value is not None}
    with call.timer("synthesisMs"):
        params = {"modelId": model, "kind": "tts", "text": text, "options": given}
        _bridge().request("synthesize", params, call, _WORK_S, call.send_audio)
    _remember(model)
    if not call.sent_bytes:
        raise _speech.nothing_to_say("The model made no sound of it.")
    return {"voiceId": voice or "default"}


def _load(call: Call, kind: str) -> None:
    call.progress(0.25, "loading")
    with call.timer("modelLoadMs"):
        _bridge().request("load", {"modelId": call.model_id, "kind": kind}, call, _LOAD_S)
    _remember(call.model_id)
    call.progress(1.0, "ready")


def _remember(model: str) -> None:
    _loaded[model] = _bridges[0].generation


def _usable(call: Call, kind: str) -> str:
    """The model of the call, if it is of the kind and its files are here."""
    found = _kind(call.model_id)
    if found != kind:
        does = "recognises" if found == "asr" else "speaks"
        raise ProviderError(f"The model {call.model_id!r} {does}, and does nothing else.", rpc_code=_INVALID)
    _check_installed(call.model_id)
    return call.model_id


def _voice(call: Call, model: str) -> str | None:
    from vox_providers import _mlx_models

    known = [str(voice["id"]) for voice in _mlx_models.voices(model)]
    if call.voice_id is not None and call.voice_id not in known:
        message = f"{model} has no voice {call.voice_id!r}; it has {', '.join(known)}."
        raise ProviderError(message, code="voice_not_found", nearest=known[:3])
    chosen = call.voice_id or _mlx_models.default_voice(model)
    return None if chosen == "default" else chosen


def _kind(model: str) -> str:
    from vox_providers import _mlx_models

    asr, tts = _mlx_models.asr_models(), _mlx_models.tts_models()
    if model not in (*asr, *tts):
        message = f"mlx-audio is not configured for the model {model!r}; it has {', '.join((*asr, *tts))}."
        raise ProviderError(message, code="model_not_found", nearest=(asr + tts)[:3])
    return "asr" if model in asr else "tts"


def _check_installed(model: str) -> None:
    from vox_providers import _mlx_models, _mlx_python

    fault = _mlx_python.find().fault
    if fault:
        raise ProviderError(fault, code="model_not_installed")
    if model not in _loaded and not _mlx_models.is_here(model):
        message = f"The model {model} is not on this computer: vox models install {model}"
        raise ProviderError(message, code="model_not_installed")


def _bridge() -> "Bridge":
    """The child that runs mlx-audio.

    Raises:
        ProviderError: It cannot be run (`model_not_installed`).
    """
    from vox_providers import _mlx_python
    from vox_providers._bridge import Bridge

    with _making:
        if not _bridges:
            start = _mlx_python.find()
            if start.fault:
                raise ProviderError(start.fault, code="model_not_installed")
            _bridges.append(Bridge("The mlx-audio process", start.argv, start.environment))
        return _bridges[0]


def _model_info(model: str, kind: str, fault: str = "") -> dict[str, object]:
    from vox_providers import _mlx_models

    installed = not fault and (model in _loaded or _mlx_models.is_here(model))
    info: dict[str, object] = {
        "id": model,
        "name": model.rpartition("/")[2],
        "kind": kind,
        "installed": installed,
        "available": not fault,
        "preloaded": bool(_bridges) and _bridges[0].generation == _loaded.get(model),
    }
    remedy = fault or ("" if installed else f"vox models install {model}")
    return {**info, "remedy": remedy} if remedy else info


if __name__ == "__main__":
    serve(provider)
