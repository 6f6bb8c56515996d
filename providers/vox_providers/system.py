"""The voice of the operating system: `say` on macOS, SAPI on Windows, espeak-ng elsewhere.

One model, `avspeech:system`, with the voices that are installed; the default is the user's own, else one of the user's
language, else an American one. VOX_SYSTEM_ENGINE (`say`, `sapi`, `espeak`) chooses what speaks. Run this as
`python -P -m vox_providers.system`.
"""

import os
import re
import sys
from _thread import allocate_lock  # as the kit does: threading is slow to import

from vox.provider import Call, Provider, ProviderError, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vox_providers._system_voices import SystemEngine, SystemVoice

__all__ = ["install", "models", "preload", "provider", "synthesize", "voices"]

MODEL = "avspeech:system"
"""The one model, by the name published clients have built in."""

_SLOWEST, _FASTEST = 0.25, 4.0
_ENGINES = {"darwin": "say", "win32": "sapi"}
_PROGRAMS = {"say": "say", "sapi": "powershell"}
_COMMANDS = re.compile(r"\[(?=\[)")  # two brackets would begin a command to the voice; a space makes text of it
_INVALID = -32602

provider = Provider("system", kind="tts")
_loaded: "dict[str, tuple[SystemEngine, list[SystemVoice]]]" = {}
_loading = allocate_lock()  # voices are asked for beside running work


@provider.models
def models() -> list[dict[str, object]]:
    """The one model, whether or not there is anything that speaks."""
    return [_model_info()]


@provider.install
def install(call: Call) -> dict[str, object]:
    """Nothing to fetch: the system has voices or it has not.

    Raises:
        ProviderError: Nothing speaks here (`model_not_installed`).
    """
    _check_model(call.model_id)
    _source()
    return _model_info()


@provider.preload
def preload(call: Call) -> dict[str, object]:
    """Read the list of voices.

    Raises:
        ProviderError: Nothing speaks here (`model_not_installed`), or the voices cannot be read.
    """
    _check_model(call.model_id)
    with call.timer("modelLoadMs"):
        _load(_source())
    return _model_info()


@provider.voices
def voices(model_id: str | None) -> list[dict[str, object]]:
    """The voices of the system; none when nothing speaks here.

    Raises:
        ProviderError: Another model's voices were asked for (`model_not_found`), or they cannot be read.
    """
    from vox_providers._system_voices import default_voice

    if model_id is not None:
        _check_model(model_id)
    source = _find()
    if source is None:
        return []
    engine, known = _load(source)
    default = default_voice(engine, known)
    return [
        {"id": voice.id, "name": voice.name, "language": voice.language, "modelId": MODEL, "default": voice is default}
        for voice in known
    ]


@provider.synthesize
def synthesize(call: Call) -> dict[str, object]:
    """Speak the text with the voice or in the language asked for; without either, with the default voice.

    Raises:
        ProviderError: Nothing to say, too long, no such voice or language, or nothing speaks here.
    """
    from vox_providers import _speech  # as slow to import as the kit itself, and `models` does not need it

    _check_model(call.model_id)
    source = _source()
    speed = min(max(call.speed, _SLOWEST), _FASTEST)
    text = _COMMANDS.sub("[ ", _speech.spoken_text(call))
    with call.timer("modelLoadMs"):
        engine, known = _load(source)
    with call.timer("voiceResolveMs"):
        voice = _resolve(call, engine, known)
    with call.timer("synthesisMs"):
        pcm, rate = engine.speak(text, voice, speed, call)
    if not any(pcm):
        raise _speech.nothing_to_say()
    return {"audio": _speech.wav(pcm, rate), "voiceId": voice.id, "language": voice.language}


def _model_info() -> dict[str, object]:
    source = _find()
    description = f"The voices of the operating system, through {_chosen()}."
    return {
        "id": MODEL,
        "name": "System voice",
        "installed": source is not None,
        "available": source is not None,
        "preloaded": source in _loaded,
        "description": description,
        **({} if source else {"remedy": _missing()}),
    }


def _chosen() -> str:
    """`say`, `sapi` or `espeak`; an unknown name in the variable counts as none."""
    named = os.environ.get("VOX_SYSTEM_ENGINE", "")
    return named if named in ("say", "sapi", "espeak") else _ENGINES.get(sys.platform, "espeak")


def _find() -> str | None:
    """What to speak with, or None: a program's path, or what `_espeak_source` finds."""
    chosen = _chosen()
    if chosen == "espeak":
        from vox_providers import _espeak_source

        return _espeak_source.find()
    import shutil  # slow to import

    return shutil.which(_PROGRAMS[chosen])


def _source() -> str:
    source = _find()
    if source is None:
        raise ProviderError(_missing(), code="model_not_installed")
    return source


def _missing() -> str:
    from vox_providers import _espeak_source

    if _chosen() == "espeak":
        return _espeak_source.missing()
    return f"The program {_PROGRAMS[_chosen()]} was not found on PATH, where the system has it."


def _load(source: str) -> "tuple[SystemEngine, list[SystemVoice]]":
    with _loading:
        if source not in _loaded:
            engine = _engine(source)
            _loaded[source] = engine, engine.listed()
        return _loaded[source]


def _engine(source: str) -> "SystemEngine":
    if _chosen() == "say":
        from vox_providers._say import Say

        return Say(source)
    if _chosen() == "sapi":
        from vox_providers._sapi import Sapi

        return Sapi(source)
    from vox_providers._system_espeak import SystemEspeak

    return SystemEspeak(source)


def _check_model(model_id: str) -> None:
    if model_id != MODEL:
        message = f"system has no model {model_id!r}; it has {MODEL}."
        raise ProviderError(message, code="model_not_found", nearest=[MODEL])


def _resolve(call: Call, engine: "SystemEngine", known: "list[SystemVoice]") -> "SystemVoice":
    from vox_providers._system_voices import by_name, default_voice

    if call.voice_id is not None:
        voice = by_name(known, call.voice_id)
        if voice is None:
            raise _unsupported(call.voice_id, known)
        return voice
    voice = engine.match(known, call.language) if call.language else default_voice(engine, known)
    if voice is None:
        languages = sorted({voice.language for voice in known})
        message = f"The system has no voice for the language {call.language!r}. It speaks {', '.join(languages)}."
        raise ProviderError(message, rpc_code=_INVALID, languages=languages)
    return voice


def _unsupported(name: str, known: "list[SystemVoice]") -> ProviderError:
    import difflib  # slow to import, and only needed here

    ids = {key.casefold(): voice.id for voice in known for key in (voice.name, voice.id)}
    near = difflib.get_close_matches(name.casefold(), ids, n=3, cutoff=0.6)
    nearest = list(dict.fromkeys(ids[match] for match in near))
    hint = f"Did you mean {' or '.join(nearest)}?" if nearest else "`vox voices` lists them."
    return ProviderError(f"Unsupported voice {name!r}. {hint}", code="voice_not_found", nearest=nearest)


if __name__ == "__main__":
    serve(provider)
