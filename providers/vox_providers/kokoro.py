"""Kokoro-82M: natural speech in English, Spanish, French, Hindi, Italian and Portuguese, 24 kHz, 54 voices.

Weights Apache-2.0, by `vox models install kokoro:v1.0` (int8, about 120 MB with the voices) or in a folder, see
`_kokoro_pack`; nothing is downloaded at any other time. English is read by hibari where the extra `local` is there; the
extra `kokoro` brings espeak-ng (GPL-3) for the rest, and it stays in this process. Where it computes: `_onnx_session`.

| variable | meaning |
|---|---|
| `VOX_KOKORO_DIR` | a folder with the files |
| `VOX_KOKORO_QUANTIZATION` | `int8` (what install gets), `fp16`, `none`, or a suffix the repository has |
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._kokoro_pack import MODEL, Pack, VoiceFile, check_model, folder, install_pack, read_pack
from vox_providers._kokoro_phonemes import LANGUAGES, can_read, language_of, reader

if TYPE_CHECKING:
    from collections.abc import Callable

    from vox_providers._kokoro_engine import Kokoro

__all__ = ["import_files", "install", "models", "preload", "provider", "remove", "synthesize", "voices"]

_RATE = 24_000
_INVALID = -32602
_DEFAULT = "af_heart"
_HOW_TO_INSTALL = 'python -m pip install "voxhost[kokoro]"'
_GENDERS = {"f": "female", "m": "male"}

provider = Provider("kokoro", kind="tts", streams=True)
_loaded: "dict[tuple[str, int], Kokoro]" = {}  # path of the model, when it was written → in memory
_readers: "dict[str, Callable[[str], list[str]]]" = {}


@provider.models
def models() -> list[dict[str, object]]:
    """The one model, whether or not it is installed."""
    return [_info()]


@provider.install
def install(call: Call) -> dict[str, object]:
    """Get the model and its voices, or check and repair them.

    Raises:
        ProviderError: Another model, or see `install_pack`.
    """
    check_model(call.model_id)
    install_pack(call)
    _loaded.clear()
    return _info()


@provider.import_files
def import_files(call: Call) -> dict[str, object]:
    """Take the files from a folder; without `modelId`, tell whether they are Kokoro's.

    Raises:
        ProviderError: Another model, or see `import_pack`.
    """
    from vox_providers._kokoro_keep import fitting, import_pack

    if call.params.get("modelId") is None:
        return {"fits": fitting(call.path)}
    check_model(call.model_id)
    import_pack(call)
    _loaded.clear()
    return _info()


@provider.remove
def remove(call: Call) -> dict[str, object]:
    """Delete the files, and forget what is in memory.

    Raises:
        ProviderError: Another model, or see `remove_pack`.
    """
    from vox_providers._kokoro_keep import remove_pack

    check_model(call.model_id)
    _loaded.clear()
    remove_pack()
    return _info()


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Load the model and let it say one word: the first sentence of a process is slower.

    Raises:
        ProviderError: Model or package are missing (`model_not_installed`).
    """
    pack = _installed(call)
    voice = _default(pack, call.language)
    for _ in _load(call, pack).speak(call, "Ready.", voice, 1.0, _reader(call, voice)):
        pass
    return _info()


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """All voices of the pack; `available` tells which can be read for.

    Raises:
        ProviderError: Another model's voices were asked for (`model_not_found`).
    """
    if model_id is not None:
        check_model(model_id)
    pack = read_pack()
    return [] if pack is None else [_voice_info(pack, name) for name in pack.voices]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text sentence by sentence; each can be heard as soon as it is made.

    Raises:
        ProviderError: Nothing to say, too long, no such voice or language, or model or package are missing.
    """
    from vox_providers import _speech

    pack = _installed(call)
    speed = _speech.speed(call)
    text = _speech.spoken_text(call)
    with call.timer("voiceResolveMs"):
        voice = _resolve(call, pack)
    kokoro = _load(call, pack)
    phonemes = _reader(call, voice)
    with call.timer("synthesisMs"):
        for pcm in kokoro.speak(call, text, voice, speed, phonemes):
            call.send_audio(pcm, _RATE)
    if not call.sent_bytes:
        raise _speech.nothing_to_say()
    return {"voiceId": voice.id}


def _info() -> dict[str, object]:
    pack = read_pack()
    runs = find_spec("onnxruntime") is not None and find_spec("numpy") is not None and can_read("en-US")
    spoken = [language for language in LANGUAGES.values() if can_read(language)]
    description = "Kokoro-82M, natural voices, 24 kHz; weights Apache-2.0."
    return {
        "id": MODEL,
        "name": "Kokoro 82M v1.0",
        "installed": pack is not None,
        "available": runs,
        "preloaded": bool(_loaded),
        "languages": spoken,
        "sampleRate": _RATE,
        "description": description,
        **({} if pack is None else {"sizeBytes": pack.size}),
        **({} if pack and runs else {"remedy": f"vox models install {MODEL}" if runs else _HOW_TO_INSTALL}),
    }


def _voice_info(pack: Pack, name: str) -> dict[str, object]:
    language = language_of(name)
    gender = _GENDERS.get(name[1:2], "") if name[2:3] == "_" else ""
    return {
        "id": name,
        "name": name.rpartition("_")[2].capitalize(),
        "language": language,
        "modelId": MODEL,
        "available": can_read(language),
        "default": name == _default(pack, None).id,
        **({"gender": gender} if gender else {}),
    }


def _installed(call: Call) -> Pack:
    check_model(call.model_id)
    pack = read_pack()
    if pack is None:
        raise ProviderError(
            f"Kokoro is not installed. Run `vox models install {MODEL}`, or put its files into {folder()}.",
            code="model_not_installed",
        )
    if find_spec("onnxruntime") is None:
        raise ProviderError(f"Kokoro needs onnxruntime. Run `{_HOW_TO_INSTALL}`.", code="model_not_installed")
    return pack


def _default(pack: Pack, language: str | None) -> VoiceFile:
    """The best known voice of the language, else its first; without a language that of American English."""
    wanted = (language or "en").replace("_", "-").casefold()
    spoken = {name: language_of(name).casefold() for name in sorted(pack.voices, key=lambda name: name != _DEFAULT)}
    exact = [name for name, tag in spoken.items() if tag == wanted]
    near = [name for name, tag in spoken.items() if tag.partition("-")[0] == wanted.partition("-")[0]]
    found = exact or near
    if not found and language is None:
        found = list(spoken)
    if not found:
        known = sorted({language_of(name) for name in pack.voices})
        raise ProviderError(
            f"Kokoro has no voice for {language} here; it has {', '.join(known)}.", rpc_code=_INVALID, languages=known
        )
    return pack.voices[found[0]]


def _resolve(call: Call, pack: Pack) -> VoiceFile:
    """The voice the caller named, whatever its case; else the default one of the language."""
    if call.voice_id is None:
        return _default(pack, call.language)
    voice = pack.voices.get(call.voice_id) or pack.voices.get(call.voice_id.casefold())
    if voice is None:
        import difflib

        near = difflib.get_close_matches(call.voice_id.casefold(), pack.voices, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else "`vox voices` lists them."
        raise ProviderError(f"Kokoro has no voice {call.voice_id!r}. {hint}", code="voice_not_found", nearest=near)
    return voice


def _reader(call: Call, voice: VoiceFile) -> "Callable[[str], list[str]]":
    language = language_of(voice.id)
    if language not in _readers:
        with call.timer("modelLoadMs"):
            _readers[language] = reader(language)
    return _readers[language]


def _load(call: Call, pack: Pack) -> "Kokoro":
    key = str(pack.graph), pack.graph.stat().st_mtime_ns
    with call.timer("modelLoadMs"):
        if key not in _loaded:
            _loaded.clear()
            _loaded[key] = _read(pack)
    return _loaded[key]


def _read(pack: Pack) -> "Kokoro":
    from vox_providers._kokoro_engine import Kokoro

    try:
        return Kokoro(pack)
    except ProviderError:
        raise
    except Exception as problem:  # onnxruntime's exceptions have no common base
        raise ProviderError(
            f"{pack.graph} cannot be loaded: {problem} `vox models install {MODEL}` checks and repairs it."
        ) from problem


if __name__ == "__main__":
    serve(provider)
