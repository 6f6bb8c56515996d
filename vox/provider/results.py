"""What a handler returned, completed to what the protocol promises: defaults, times, sizes."""

from __future__ import annotations

from time import perf_counter

from vox.provider.failure import ProviderError
from vox.provider.wav import duration_ms, wav

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vox.provider.call import Call
    from vox.provider.provider import Provider

__all__ = [
    "complete_import",
    "complete_model",
    "complete_models",
    "complete_speech",
    "complete_transcript",
    "complete_voices",
]

_HEADER = 4096  # bytes; the data chunk of a WAV that Vox or an engine wrote begins well within them


def complete_models(provider: Provider, result: Any) -> dict[str, Any]:
    """The result of `models`: each with its defaults, the limit, and what is offered besides."""
    whole: dict[str, Any] = result if isinstance(result, dict) else {"models": result}
    models = [complete_model(provider, model) for model in whole["models"]]
    features = list(dict.fromkeys((*provider.features, *whole.get("features", ()))))
    defaults: dict[str, Any] = {"maxConcurrency": provider.max_concurrency, "features": features}
    return {**defaults, **whole, "features": features, "models": models}


def complete_model(provider: Provider, model: dict[str, Any]) -> dict[str, Any]:
    """A ModelInfo with every field clients show."""
    defaults = {
        "name": model["id"],
        "backend": provider.name,
        "installed": True,
        "preloaded": False,
        "available": True,
    }
    if provider.kind != "both":
        defaults["kind"] = provider.kind
    return {**defaults, **model}


def complete_import(provider: Provider, call: Call, result: dict[str, Any]) -> dict[str, Any]:
    """The result of `import`: a ModelInfo, or what the files could be when the request names no model.

    Raises:
        ProviderError: The handler told neither.
    """
    if call.params.get("modelId") is not None:
        return complete_model(provider, result)
    if not isinstance(result.get("fits"), list):
        raise ProviderError('Without a model, import must return {"fits": [id, …]}.')
    return result


def complete_voices(provider: Provider, result: Any, model_id: str | None) -> dict[str, Any]:
    """The result of `voices`."""
    whole: dict[str, Any] = result if isinstance(result, dict) else {"voices": result}
    defaults = {"backend": provider.name, "available": True, "default": False}
    if model_id is not None:
        defaults["modelId"] = model_id
    return {**whole, "voices": [{**defaults, "name": voice["id"], **voice} for voice in whole["voices"]]}


def complete_transcript(call: Call, result: dict[str, Any], begun: float) -> dict[str, Any]:
    """The result of `transcribe`. A handler that timed no inference spent all its time on it."""
    total = (perf_counter() - begun) * 1000
    metrics = {"inferenceMs": total, "totalMs": total, **call.metrics, **result.get("metrics", {})}
    if "audioDurationMs" not in metrics:
        length = _file_duration_ms(call.path)
        if length is not None:
            metrics["audioDurationMs"] = length
    return {"modelId": call.params.get("modelId"), "elapsedMs": total, **result, "metrics": _rounded(metrics)}


def complete_speech(call: Call, result: dict[str, Any], begun: float) -> tuple[dict[str, Any], bytes]:
    """The result of `synthesize` and its audio, which is empty when it was sent ahead or lies in a file.

    Raises:
        ProviderError: The handler made no audio.
    """
    total = (perf_counter() - begun) * 1000
    audio = _audio(call, result)
    size, length = _made(call, result, audio)
    metrics = {"totalMs": total, "outputBytes": size, "characterCount": len(call.text)}
    if length is not None:
        metrics["audioDurationMs"] = length
    metrics |= {**call.metrics, **result.get("metrics", {})}
    defaults = {
        "modelId": call.params.get("modelId"),
        "voiceId": call.voice_id,
        "format": "wav",
        "contentType": "audio/wav",
        "elapsedMs": total,
    }
    rest = {name: value for name, value in result.items() if name != "audio"}
    return {**defaults, **rest, "metrics": _rounded(metrics)}, audio


def _audio(call: Call, result: dict[str, Any]) -> bytes:
    if (call.wants_stream and call.sent_bytes) or "audioPath" in result:
        return b""
    audio = result.get("audio")
    if audio is None and call.kept:
        return wav(call.kept, call.sample_rate)
    if not isinstance(audio, bytes | bytearray | memoryview) or not len(audio):
        raise ProviderError("synthesize must return {'audio': bytes}, a WAV file, or send it with call.send_audio.")
    return bytes(audio)


def _made(call: Call, result: dict[str, Any], audio: bytes) -> tuple[int, float | None]:
    """How much audio there is: bytes, and milliseconds if they can be told."""
    if audio:
        return len(audio), duration_ms(audio[:_HEADER], len(audio))
    if "audioPath" in result:
        return _file_size(result["audioPath"]), _file_duration_ms(result["audioPath"])
    return call.sent_bytes, call.sent_bytes / 2 / call.sample_rate * 1000


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    """Microseconds are all the precision a stage time has."""
    return {name: round(float(value), 3) for name, value in metrics.items()}


def _file_duration_ms(path: str) -> float | None:
    try:
        with open(path, "rb") as file:
            return duration_ms(file.read(_HEADER), file.seek(0, 2))
    except OSError:
        return None


def _file_size(path: str) -> int:
    try:
        with open(path, "rb") as file:
            return file.seek(0, 2)
    except OSError:
        return 0
