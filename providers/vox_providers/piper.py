"""Piper: fast neural voices of some forty languages; each voice is a model, `piper:en_US-lessac-medium` for instance.

Extra `piper`. piper-tts is GPL-3: it runs in this process and nowhere else, and is never installed unless asked for.
Voices come by `vox models install piper:NAME`, from a folder or from installed packages, see `_piper_voices`; each has
a licence of its own. Nothing is downloaded at any other time. Where it computes: `_onnx_session`.

| variable | meaning |
|---|---|
| `VOX_PIPER_VOICES` | a folder with voices, `NAME.onnx` and `NAME.onnx.json`, at any depth |
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._piper_voices import Voice, find_voice, install_voice, list_voices, voices_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["import_files", "install", "models", "preload", "provider", "remove", "synthesize", "voices"]

_HOW_TO_INSTALL = 'python -m pip install "voxhost[piper]"'
_LONGEST_SENTENCE = 300  # characters
_FIRST_PIECE = 90  # characters: one is made in a tenth of the time it is heard
_INVALID = -32602
_MOST_LOADED = 4  # voices in memory, 100 MB each

provider = Provider("piper", kind="tts", streams=True)
_loaded: dict[str, Any] = {}  # path → the voice in memory, the least used first


@provider.models
def models() -> list[dict[str, object]]:
    """A model for each voice: those that are here, then some that can be installed."""
    return [_info(voice) for voice in list_voices()]


@provider.install
def install(call: Call) -> dict[str, object]:
    """Get the voice's files, or check and repair them.

    Raises:
        ProviderError: No such voice, or see `install_voice`.
    """
    install_voice(call)
    _loaded.clear()
    return _info(find_voice(call.model_id))


@provider.import_files
def import_files(call: Call) -> dict[str, object]:
    """Take the two files of a voice from a folder; without `modelId`, tell which voices are there.

    Raises:
        ProviderError: See `import_voice`.
    """
    from vox_providers._piper_keep import fitting, import_voice

    if call.params.get("modelId") is None:
        return {"fits": fitting(call.path)}
    voice = find_voice(call.model_id)
    import_voice(voice, call)
    _loaded.clear()
    return _info(find_voice(voice.id))


@provider.remove
def remove(call: Call) -> dict[str, object]:
    """Delete the two files of a voice, and forget what is in memory.

    Raises:
        ProviderError: See `remove_voice`.
    """
    from vox_providers._piper_keep import remove_voice

    voice = find_voice(call.model_id)
    remove_voice(voice)
    _loaded.clear()
    return _info(find_voice(voice.id))


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Load the voice and let it say one word: the first sentence of a process is slower.

    Raises:
        ProviderError: Voice or package are missing (`model_not_installed`).
    """
    voice = find_voice(call.model_id)
    for _ in _speak(call, "Ready.", voice, 1.0, None):
        pass
    return _info(voice)


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """The speakers of one voice, or of all that are here.

    Raises:
        ProviderError: Piper has no such model (`model_not_found`).
    """
    found = list_voices() if model_id is None else [find_voice(model_id)]
    return [speaker for voice in found if voice.path for speaker in _speakers(voice)]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text sentence by sentence; each can be heard as soon as it is made.

    Raises:
        ProviderError: Nothing to say, too long, no such voice, another language, or voice or package are missing.
    """
    from vox_providers import _speech

    voice = find_voice(call.model_id)
    _require(voice)
    speed = _speech.speed(call)
    text = _speech.spoken_text(call)
    _check_language(call, voice)
    with call.timer("voiceResolveMs"):
        speaker = _resolve(call, voice)
    for pcm in _speak(call, text, voice, speed, voice.speakers.get(speaker)):
        call.send_audio(pcm, voice.rate)
    if not call.sent_bytes:
        raise _speech.nothing_to_say()
    return {"voiceId": speaker}


def _speak(call: Call, text: str, voice: Voice, speed: float, speaker: int | None) -> "Iterator[bytes]":
    from vox_providers._aloud import read_aloud
    from vox_providers._piper_engine import say

    engine = _load(call, voice)
    with call.timer("synthesisMs"):
        yield from read_aloud(
            call,
            text,
            rate=voice.rate,
            speed=speed,
            longest=_LONGEST_SENTENCE,
            first=_FIRST_PIECE,
            phonemes=lambda sentence: [sentence],  # the engine reads for itself
            say=lambda sentence: say(engine, sentence, speed, speaker),
        )


def _info(voice: Voice) -> dict[str, object]:
    here = {} if voice.path is None else {"sizeBytes": voice.path.stat().st_size, "sampleRate": voice.rate}
    runs = _has_package()
    return {
        "id": voice.id,
        "name": f"Piper {voice.name}",
        "installed": voice.path is not None,
        "available": runs,
        "preloaded": str(voice.path) in _loaded,
        "languages": [voice.language],
        "description": "A voice of Piper; see its model card for its licence.",
        **here,
        **({} if here and runs else {"remedy": f"vox models install {voice.id}" if runs else _HOW_TO_INSTALL}),
    }


def _speakers(voice: Voice) -> list[dict[str, object]]:
    """The voice itself under its own name, or each of its speakers."""
    names = list(voice.speakers) or [voice.name]
    rest = {"language": voice.language, "modelId": voice.id, "available": _has_package()}
    return [{"id": name, "name": name, "default": number == 0, **rest} for number, name in enumerate(names)]


def _has_package() -> bool:
    return find_spec("piper") is not None and find_spec("onnxruntime") is not None


def _require(voice: Voice) -> None:
    if voice.path is None:
        raise ProviderError(
            f"{voice.id} is not installed. Run `vox models install {voice.id}`, or put its two files into "
            f"{voices_folder()}.",
            code="model_not_installed",
        )
    if not _has_package():
        raise ProviderError(f"Piper is not installed. Run `{_HOW_TO_INSTALL}`.", code="model_not_installed")


def _check_language(call: Call, voice: Voice) -> None:
    wanted = (call.language or voice.language).replace("_", "-").partition("-")[0].casefold()
    if wanted != voice.language.partition("-")[0].casefold():
        raise ProviderError(
            f"{voice.id} speaks {voice.language}, not {call.language}. Choose another model of Piper.",
            rpc_code=_INVALID,
            languages=[voice.language],
        )


def _resolve(call: Call, voice: Voice) -> str:
    """The name of the speaker: the one the caller wants, else the first."""
    names = list(voice.speakers) or [voice.name]
    wanted = call.voice_id or names[0]
    if wanted not in names:
        import difflib

        near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"It has {', '.join(names[:5])}."
        raise ProviderError(f"{voice.id} has no voice {wanted!r}. {hint}", code="voice_not_found", nearest=near)
    return wanted


def _load(call: Call, voice: Voice) -> Any:
    """The voice in memory; the one used longest ago makes room."""
    _require(voice)
    with call.timer("modelLoadMs"):
        engine = _loaded.pop(str(voice.path), None) or _read(voice)
        _loaded[str(voice.path)] = engine
        while len(_loaded) > _MOST_LOADED:
            del _loaded[next(iter(_loaded))]
    return engine


def _read(voice: Voice) -> Any:
    from vox_providers._piper_engine import load

    try:
        return load(voice)
    except ProviderError:
        raise
    except Exception as problem:  # onnxruntime's exceptions have no common base
        raise ProviderError(
            f"{voice.path} cannot be loaded: {problem} `vox models install {voice.id}` checks and repairs it."
        ) from problem


if __name__ == "__main__":
    serve(provider)
