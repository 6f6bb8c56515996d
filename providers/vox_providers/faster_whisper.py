"""Whisper by faster-whisper (CTranslate2): many sizes, 99 languages, words with times, translation into English.

Extra `faster-whisper`. Weights by `vox models install faster-whisper:base`, or in a folder, see
`_faster_whisper_models`; nothing is downloaded at any other time.

| variable | meaning |
|---|---|
| `VOX_FASTER_WHISPER_DEVICE` | `auto` (the default: CUDA when CTranslate2 finds a device), `cpu`, `cuda` |
| `VOX_FASTER_WHISPER_COMPUTE` | type of computation; default `int8` on the CPU, `float16` on CUDA |
| `VOX_FASTER_WHISPER_THREADS` | threads on the CPU; default one per core, at most 4 |
| `VOX_FASTER_WHISPER_BEAM` | beams of the search; default 5, 1 is faster |
| `VOX_FASTER_WHISPER_VAD` | `0`: let the model hear silence as well |
"""

from __future__ import annotations

import math
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._faster_whisper_engine import number, read_model
from vox_providers._faster_whisper_models import Model, find_model, install_model, list_models
from vox_providers._whisper_languages import whisper_language

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt

__all__ = ["import_files", "install", "models", "preload", "provider", "remove", "transcribe"]

_PACKAGE = 'faster-whisper is not installed. Run `python -m pip install "voxhost[faster-whisper]"`.'
_INVALID = -32602
_STRANGE_SILENCE_S = 2.0  # words with that much silence around them, where the model doubts too, are invented
_VAD = {"min_silence_duration_ms": 500, "speech_pad_ms": 300}  # the library's 2000 ms leave room to invent words

provider = Provider("faster-whisper", kind="asr", streams=True)
_loaded: dict[str, tuple[int, Any]] = {}  # folder → when its weights were written, the model in memory


@provider.models
def models() -> list[dict[str, object]]:
    """Every model that can be had, by a look at the disk."""
    return [_info(model) for model in list_models()]


@provider.install
def install(call: Call) -> dict[str, object]:
    """Get the files, or check and repair them.

    Raises:
        ProviderError: The package is missing, or see `install_model`.
    """
    _check_package()
    install_model(call)
    return _info(find_model(call.model_id))


@provider.import_files
def import_files(call: Call) -> dict[str, object]:
    """Take the files of a model from a folder; without `modelId`, tell which models they could be.

    Raises:
        ProviderError: See `import_model`.
    """
    from vox_providers._faster_whisper_keep import fitting, import_model

    if call.params.get("modelId") is None:
        return {"fits": fitting(call.path)}
    model = find_model(call.model_id)
    import_model(model, call)
    _loaded.pop(str(model.folder), None)
    return _info(find_model(model.id))


@provider.remove
def remove(call: Call) -> dict[str, object]:
    """Delete the files of a model, and forget what is in memory.

    Raises:
        ProviderError: See `remove_model`.
    """
    from vox_providers._faster_whisper_keep import remove_model

    model = find_model(call.model_id)
    _loaded.pop(str(model.folder), None)
    remove_model(model)
    return _info(find_model(model.id))


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Bring the model into memory.

    Raises:
        ProviderError: As `transcribe`.
    """
    model = find_model(call.model_id)
    _load(call, model)
    return _info(model)


@provider.transcribe
def transcribe(call: Call) -> dict[str, object]:
    """Text, segments, language and confidence; words with times when `params.words` is true. Each segment is sent
    ahead as soon as it is known. `prompt`, `hotwords`, `temperature` and `task` are understood.

    Raises:
        ProviderError: No such language, a translation the model cannot make, unreadable audio, missing weights or
            package (`model_not_installed`), or the call was cancelled.
    """
    model = find_model(call.model_id)
    options = _options(call, model)
    whisper = _load(call, model)
    call.metrics["inferenceMs"] = 0.0  # stays so when there is nothing to hear
    samples = _samples(call)
    if not samples.size:
        return {"text": "", "segments": []}
    with call.timer("inferenceMs"):
        heard, info = whisper.transcribe(samples, **options)
        segments = list(_heard(call, heard, info.duration)) if info.duration_after_vad else []
    return _result(call, segments, info, options)


def _heard(call: Call, found: Iterable[Any], duration: float) -> Iterable[Any]:
    """The segments that hold words, one by one while the model works."""
    text: list[str] = []
    for segment in found:
        call.raise_if_cancelled()
        call.progress(min(segment.end / duration, 1.0), "transcribing")
        if any(letter.isalnum() for letter in segment.text):  # over noise Whisper writes dots and notes
            text.append(segment.text.strip())
            call.send_partial(" ".join(text), stable=True)
            yield segment
    call.progress(1.0, "transcribing")


def _result(call: Call, found: list[Any], info: Any, options: dict[str, Any]) -> dict[str, object]:
    used = {"language": options["language"] or info.language}
    used |= {name: call.params[name] for name in ("prompt", "hotwords") if call.params.get(name)}
    result: dict[str, object] = {
        "text": " ".join(segment.text.strip() for segment in found),
        "segments": [{"id": n, **_times(one), "text": one.text.strip()} for n, one in enumerate(found)],
        "used": used,
    }
    if found:
        tokens = sum(len(segment.tokens) for segment in found) or 1
        mean = sum(segment.avg_logprob * len(segment.tokens) for segment in found) / tokens
        result |= {"language": used["language"], "confidence": round(min(1.0, math.exp(mean)), 4)}
    if options["word_timestamps"]:
        words = [word for segment in found for word in segment.words or () if word.word.strip()]
        result["words"] = [
            {"word": word.word.strip(), **_times(word), "confidence": round(float(word.probability), 4)}
            for word in words
        ]
    return result


def _times(one: Any) -> dict[str, float]:
    return {"start": round(float(one.start), 3), "end": round(float(one.end), 3)}


def _options(call: Call, model: Model) -> dict[str, Any]:
    """What the request means for the library."""
    translate = call.params.get("task") == "translate"
    if translate and not model.translates:
        raise ProviderError(f"{model.id} cannot translate; faster-whisper:base and larger can.", rpc_code=_INVALID)
    hotwords = call.params.get("hotwords")
    temperature = call.params.get("temperature")
    words = call.params.get("words") is True
    return {
        "language": whisper_language(call.language, model.languages) or _only(model),
        "task": "translate" if translate else "transcribe",
        "initial_prompt": call.params.get("prompt") or None,
        "hotwords": ", ".join(map(str, hotwords)) if isinstance(hotwords, list) and hotwords else None,
        "word_timestamps": words,
        "beam_size": number("VOX_FASTER_WHISPER_BEAM", 5),
        "vad_filter": os.environ.get("VOX_FASTER_WHISPER_VAD", "1") != "0",
        "vad_parameters": _VAD,
        # One invented sentence would be the context of the next, and so on to the end.
        "condition_on_previous_text": False,
        **({"hallucination_silence_threshold": _STRANGE_SILENCE_S} if words else {}),
        **({"temperature": float(temperature)} if isinstance(temperature, int | float) and temperature >= 0 else {}),
    }


def _only(model: Model) -> str | None:
    return model.languages[0] if len(model.languages) == 1 else None


def _samples(call: Call) -> npt.NDArray[np.float32]:
    """All of `call.path`, -1 to 1; `unsupported_audio` when it cannot be read."""
    import numpy as np

    from vox_providers._pieces import Recording

    with call.timer("audioLoadMs"), Recording(call.path) as recording:
        call.metrics["audioDurationMs"] = recording.duration_s * 1000
        blocks = [block.astype(np.float32) / np.float32(32768) for block in recording.blocks()]
        return np.concatenate(blocks) if blocks else np.empty(0, np.float32)


def _info(model: Model) -> dict[str, object]:
    package = _has_package()
    info = model.to_wire(package, str(model.folder) in _loaded)
    return info if package else {**info, "remedy": _PACKAGE}


def _has_package() -> bool:
    return all(find_spec(module) for module in ("faster_whisper", "ctranslate2", "numpy"))


def _check_package() -> None:
    if not _has_package():
        raise ProviderError(_PACKAGE, code="model_not_installed")


def _load(call: Call, model: Model) -> Any:
    """The model in memory, read on first need and again when its files were replaced."""
    _check_package()
    if not model.installed:
        raise ProviderError(
            f"{model.id} is not installed. Run `vox models install {model.id}`, or put its files into {model.folder}.",
            code="model_not_installed",
        )
    with call.timer("modelLoadMs"):
        written = (model.folder / "model.bin").stat().st_mtime_ns
        known = _loaded.get(str(model.folder))
        if known is None or known[0] != written:
            _loaded[str(model.folder)] = written, read_model(model)
    return _loaded[str(model.folder)][1]


if __name__ == "__main__":
    serve(provider)
