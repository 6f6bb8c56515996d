"""The system voice: over a hundred languages through espeak-ng, robotic but quick and always understood.

The program `espeak-ng` or `espeak` on PATH is used if there is one (`VOX_ESPEAK_BINARY` names another), else the
library in the package espeakng_loader. espeak-ng is GPL-3: it never runs in the daemon's own process. Run this as
`python -P -m vox_providers.espeak`.
"""

import re
from _thread import allocate_lock  # as the kit does: threading is slow to import

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers import _espeak_source
from vox_providers._espeak_voices import DEFAULT, Voice, by_language, by_name
from vox_providers._espeak_voices import voices as with_ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._espeak_binary import EspeakBinary
    from vox_providers._espeak_library import EspeakLibrary

__all__ = ["install", "models", "preload", "provider", "synthesize", "voices"]

MODEL = "espeak:system"
"""The one model; a language is a voice of it."""

_NORMAL, _SLOWEST = 175, 80  # words per minute: espeak-ng's default, and below the second it goes no slower
_PHONEME_CODES = re.compile(r"\[(?=\[)")  # two brackets would begin them; a space makes text of what follows
_INVALID = -32602

provider = Provider("espeak", kind="tts")
_engines: "dict[str, EspeakBinary | EspeakLibrary]" = {}
_known: dict[str, list[Voice]] = {}
_loading = allocate_lock()  # voices are asked for beside running work, and the library must be started once


@provider.models
def models() -> list[dict[str, object]]:
    """The one model, whether or not there is an engine for it."""
    return [_model_info()]


@provider.install
def install(call: Call) -> dict[str, object]:
    """Nothing to fetch: an engine is there or its package is missing.

    Raises:
        ProviderError: There is no engine (`model_not_installed`).
    """
    _check_model(call.model_id)
    _source()
    return _model_info()


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Find the engine and read its list of voices.

    Raises:
        ProviderError: There is no engine (`model_not_installed`), or it does not start.
    """
    _check_model(call.model_id)
    with call.timer("modelLoadMs"):
        _voices(_source())
    return _model_info()


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """One voice or more for each language; none when there is no engine.

    Raises:
        ProviderError: Another model's voices were asked for (`model_not_found`), or the engine does not start.
    """
    if model_id is not None:
        _check_model(model_id)
    source = _espeak_source.find()
    return [voice.to_wire(MODEL) for voice in _voices(source)] if source else []


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text in the voice or language asked for, English (America) without either.

    Raises:
        ProviderError: Nothing to say, too long, no such voice or language, or there is no engine.
    """
    from vox_providers import _speech  # as slow to import as the kit itself, and `models` does not need it

    _check_model(call.model_id)
    source = _source()
    speed = _speech.speed(call)
    text = _PHONEME_CODES.sub("[ ", _speech.spoken_text(call))
    with call.timer("modelLoadMs"):
        known = _voices(source)
    with call.timer("voiceResolveMs"):
        voice = _resolve(call, known)
    with call.timer("synthesisMs"):
        pcm, rate = _engine(source).speak(text, voice, max(round(_NORMAL * speed), _SLOWEST), call)
    if not any(pcm):
        raise _speech.nothing_to_say()
    return {"audio": _speech.wav(pcm, rate), "voiceId": voice.id, "language": voice.language}


def _model_info() -> dict[str, object]:
    source = _espeak_source.find()
    description = "The system voice: espeak-ng, over 100 languages."
    return {
        "id": MODEL,
        "name": "eSpeak NG",
        "installed": source is not None,
        "available": source is not None,
        "preloaded": source in _known,
        "sampleRate": 22_050,
        "description": description,
        **({} if source else {"remedy": _espeak_source.missing()}),
    }


def _source() -> str:
    source = _espeak_source.find()
    if source is None:
        raise ProviderError(_espeak_source.missing(), code="model_not_installed")
    return source


def _engine(source: str) -> "EspeakBinary | EspeakLibrary":
    if source not in _engines:
        _engines[source] = _espeak_source.engine(source)
    return _engines[source]


def _voices(source: str) -> list[Voice]:
    with _loading:
        if source not in _known:
            _known[source] = with_ids(_engine(source).listed())
    return _known[source]


def _check_model(model_id: str) -> None:
    if model_id != MODEL:
        raise ProviderError(
            f"espeak has no model {model_id!r}; it has {MODEL}.", code="model_not_found", nearest=[MODEL]
        )


def _resolve(call: Call, known: list[Voice]) -> Voice:
    if call.voice_id is not None:
        voice = by_name(known, call.voice_id)
        if voice is None:
            raise _no_such_voice(call.voice_id, known)
        return voice
    voice = by_language(known, call.language or DEFAULT)
    if voice is None:
        languages = sorted({voice.language.partition("-")[0] for voice in known})
        message = f"espeak has no voice for the language {call.language!r}. It speaks {', '.join(languages)}."
        raise ProviderError(message, rpc_code=_INVALID, languages=languages)
    return voice


def _no_such_voice(name: str, known: list[Voice]) -> ProviderError:
    import difflib  # slow to import, and only needed here

    ids = {voice.id: voice.id for voice in known} | {voice.listed.name.casefold(): voice.id for voice in known}
    near = difflib.get_close_matches(name.casefold(), ids, n=3, cutoff=0.6)
    nearest = list(dict.fromkeys(ids[match] for match in near))
    hint = f"Did you mean {' or '.join(nearest)}?" if nearest else "`vox voices` lists them."
    return ProviderError(f"espeak has no voice {name!r}. {hint}", code="voice_not_found", nearest=nearest)


if __name__ == "__main__":
    serve(provider)
