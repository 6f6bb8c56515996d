"""English speech from hibari-tts: a small neural voice whose weights come inside the package.

Apache-2.0, 24 kHz, numpy and onnxruntime only, over a hundred times faster than real time on one core. The engine is
loaded on the first request that needs it. Run it as `python -P -m vox_providers.hibari`.
"""

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._hibari_voices import Voice, find_voice, read_voices

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._hibari_engine import HibariVoice

__all__ = ["install", "models", "preload", "provider", "synthesize", "voices"]

MODEL = "hibari:en"
"""The one model; its voices are separate files of the same size."""

_RATE = 24_000  # _hibari_engine.RATE, known before the engine's module is needed
_INVALID = -32602
_HOW_TO_INSTALL = 'python -m pip install "voxhost[local]"'
_OTHER_LANGUAGES = "For other languages choose another model, such as espeak:system."

provider = Provider("hibari", kind="tts", streams=True)
_loaded: "dict[str, HibariVoice]" = {}


@provider.models
def models() -> list[dict[str, object]]:
    """The one model, whether or not its package is installed."""
    return [_model_info()]


@provider.install
def install(call: Call) -> dict[str, object]:
    """The weights come with the package, so there is nothing to fetch.

    Raises:
        ProviderError: The package is missing (`model_not_installed`).
    """
    _installed_voices(call)
    return _model_info()


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Load the default voice and let it say one word: the first sentence of a process is slower.

    Raises:
        ProviderError: The package is missing (`model_not_installed`).
    """
    voice = _resolve(call, _installed_voices(call))
    speaker = _load(call, voice)
    for phonemes in speaker.phonemes("Ready."):
        speaker.say(phonemes, 1.0)
    return _model_info()


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """The voices the package knows; `available` tells which are on this computer.

    Raises:
        ProviderError: Another model's voices were asked for (`model_not_found`).
    """
    if model_id is not None:
        _check_model(model_id)
    return [voice.to_wire(MODEL) for voice in read_voices()]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text sentence by sentence; each can be heard as soon as it is made.

    Raises:
        ProviderError: Nothing to say, too long, not English, no such voice, or the package is missing.
    """
    from vox_providers import _speech  # as slow to import as the kit itself, and `models` does not need it

    installed = _installed_voices(call)
    speed = _speech.speed(call)
    text = _speech.spoken_text(call)
    if not _speech.is_latin(text):
        raise _speech.nothing_to_say(f"hibari reads English, and no letter of it is. {_OTHER_LANGUAGES}")
    with call.timer("voiceResolveMs"):
        voice = _resolve(call, installed)
    speaker = _load(call, voice)
    with call.timer("synthesisMs"):
        for pcm in speaker.speak(call, text, speed):
            call.send_audio(pcm, _RATE)
    if not call.sent_bytes:
        raise _speech.nothing_to_say()
    return {"voiceId": voice.id}


def _model_info() -> dict[str, object]:
    known = read_voices()
    here = [voice for voice in known if voice.available]
    description = "A small English voice, 24 kHz, Apache-2.0; its weights come with the package."
    return {
        "id": MODEL,
        "name": "Hibari English",
        "installed": bool(here),
        "available": bool(here),
        "preloaded": bool(_loaded),
        "languages": ["en"],
        "sampleRate": _RATE,
        "sizeBytes": sum(voice.size for voice in here),
        "description": description,
        **({} if here else {"remedy": _HOW_TO_INSTALL}),
    }


def _installed_voices(call: Call) -> list[Voice]:
    _check_model(call.model_id)
    known = read_voices()
    if not known:
        raise ProviderError(f"hibari is not installed. Install it: {_HOW_TO_INSTALL}", code="model_not_installed")
    return known


def _check_model(model_id: str) -> None:
    if model_id != MODEL:
        raise ProviderError(
            f"hibari has no model {model_id!r}; it has {MODEL}.", code="model_not_found", nearest=[MODEL]
        )


def _resolve(call: Call, known: list[Voice]) -> Voice:
    """The voice the caller named, else the default one: British English if that was asked for and is here."""
    language = (call.language or "en").replace("_", "-").casefold()
    if language.partition("-")[0] != "en":
        message = f"hibari speaks English only, not {call.language}. {_OTHER_LANGUAGES}"
        raise ProviderError(message, rpc_code=_INVALID, languages=["en"])
    if call.voice_id is None:
        fitting = [voice for voice in known if voice.available and voice.language.casefold() == language]
        return (fitting or known)[0]
    voice = find_voice(known, call.voice_id)
    if voice is None:
        raise _no_such_voice(call.voice_id, known)
    if not voice.available:
        message = (
            f"The voice {voice.id} is not on this computer. "
            f"hibari's own command fetches it ({voice.size / 1e6:.0f} MB): "
            f'hibari --voice {voice.package_name} "Hello." --out hello.wav'
        )
        raise ProviderError(message, code="model_not_installed", voiceId=voice.id)
    return voice


def _no_such_voice(name: str, known: list[Voice]) -> ProviderError:
    import difflib  # slow to import, and only needed here

    ids = [voice.id for voice in known]
    names = {voice.package_name: voice.id for voice in known} | {voice_id: voice_id for voice_id in ids}
    near = [names[match] for match in difflib.get_close_matches(name.casefold(), names, n=3, cutoff=0.5)]
    nearest = list(dict.fromkeys(near))
    hint = f"Did you mean {' or '.join(nearest)}?" if nearest else f"It has {', '.join(ids)}."
    return ProviderError(f"hibari has no voice {name!r}. {hint}", code="voice_not_found", nearest=nearest)


def _load(call: Call, voice: Voice) -> "HibariVoice":
    if voice.id not in _loaded:
        from vox_providers._hibari_engine import HibariVoice

        with call.timer("modelLoadMs"):
            _loaded[voice.id] = HibariVoice(voice.package_name)
    return _loaded[voice.id]


if __name__ == "__main__":
    serve(provider)
