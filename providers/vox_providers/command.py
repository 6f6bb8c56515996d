"""Any command line as an engine: run once for each call, it reads a recording or a text and writes the other.

The entry of providers.json says what to run, and Vox passes that on in `VOX_COMMAND`:

    {"id": "whisper-cli", "kind": "asr", "builtin": "command", "argv": ["whisper-cli", "-nt", "-f", "{path}"]}
    {"id": "espeak-ng", "kind": "tts", "builtin": "command", "argv": ["espeak-ng", "-w", "{out}", "{text}"]}

Places such as `{path}` are explained in `_command_line`. Without `{text}` the text goes to standard input; without
`{out}` the answer is read from standard output. VOX_COMMAND_TIMEOUT_SECONDS bounds one run.
"""

import os
import re
import tempfile
from pathlib import Path

from vox.provider import Call, Provider, ProviderError, serve
from vox_providers._command_line import Setup, fill, read_setup

__all__ = ["install", "models", "preload", "provider", "synthesize", "transcribe", "voices"]

_LONGEST_RUN_S = 3600.0  # for who sets no limit; Vox's own, which follows the length of the audio, comes first
_INVALID = -32602
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}([-_][A-Za-z0-9]{1,8})*")

setup: Setup = read_setup(os.environ.get("VOX_COMMAND"))
provider = Provider("command", kind=setup.kind, max_concurrency=setup.max_concurrency)


@provider.models
def models() -> list[dict[str, object]]:
    """The models the entry lists, or one of the entry's name."""
    return [_model_info(model) for model in setup.models]


@provider.install
@provider.preload
def install(call: Call) -> dict[str, object]:
    """Nothing to fetch or to load: the program is there or it is missing.

    Raises:
        ProviderError: It is missing (`model_not_installed`), or the entry cannot be used.
    """
    _check_model(call.model_id)
    _program()
    return _model_info(call.model_id)


preload = install


def transcribe(call: Call) -> dict[str, object]:
    """Run the program on the recording and read the text it wrote.

    Raises:
        ProviderError: It is missing, failed, took too long, or wrote nothing that can be read.
    """
    from vox_providers import _children, _command_output

    _check_model(call.model_id)
    program = _program()
    if not os.path.isfile(call.path):
        raise ProviderError(f"There is no recording at {call.path}.", code="unsupported_audio")
    with tempfile.TemporaryDirectory(prefix="vox-command-") as folder:
        out = Path(folder, "out")
        argv = fill(setup.argv, {"path": call.path, "out": str(out), **_common(call)})
        with call.timer("inferenceMs"):
            done = _children.run([program, *argv[1:]], call, _limit_s())
        if done.status:
            raise _children.failure(program, done)
        written = _command_output.transcript_file(out) if setup.uses("out") else None
    result = _command_output.read_transcript(done.output if written is None else written)
    if call.params.get("words") is not True:
        result.pop("words", None)
    return result


def voices(model_id: str | None) -> list[dict[str, object]]:
    """The voices the entry lists; without any, the one voice the program has.

    Raises:
        ProviderError: Another model's voices were asked for (`model_not_found`).
    """
    if model_id is not None:
        _check_model(model_id)
    model = model_id or setup.models[0]
    named = setup.voices or ["default"]
    return [{"id": voice, "modelId": model, "default": voice == named[0]} for voice in named]


def synthesize(call: Call) -> dict[str, object]:
    """Run the program on the text and read the WAV it wrote.

    Raises:
        ProviderError: No such voice, or the program is missing, failed, took too long or wrote no sound.
    """
    from vox_providers import _children, _riff, _speech

    _check_model(call.model_id)
    program = _program()
    text, speed, voice = _speech.spoken_text(call).strip(), _speech.speed(call), _voice(call)
    with tempfile.TemporaryDirectory(prefix="vox-command-") as folder:
        out = Path(folder, "out.wav")
        values = {"text": text, "speed": speed, "voice": voice, "out": str(out), **_common(call)}
        argv = fill(setup.argv, values)
        words = b"" if setup.uses("text") else text.encode()
        with call.timer("synthesisMs"):
            done = _children.run([program, *argv[1:]], call, _limit_s(), words)
        if done.status:
            raise _children.failure(program, done)
        sound = out.read_bytes() if setup.uses("out") and out.is_file() else done.output
    return {"audio": _riff.read_wav(sound, Path(program).name), "voiceId": voice or "default"}


def _common(call: Call) -> dict[str, str | float | None]:
    language = call.language
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise ProviderError(f"{language!r} is no language tag such as en or pt-BR.", rpc_code=_INVALID)
    return {"language": language, "model": call.model_id}


def _voice(call: Call) -> str | None:
    wanted = call.voice_id
    if wanted is None or wanted in setup.voices or (wanted == "default" and not setup.voices):
        return wanted if wanted in setup.voices else next(iter(setup.voices), None)
    known = ", ".join(setup.voices) or "one voice only"
    message = f'{setup.id} has no voice {wanted!r}; it has {known}. "voices" in providers.json lists them.'
    raise ProviderError(message, code="voice_not_found", nearest=setup.voices[:3])


def _check_model(model_id: str) -> None:
    if model_id not in setup.models:
        message = f"{setup.id} has no model {model_id!r}; it has {', '.join(setup.models)}."
        raise ProviderError(message, code="model_not_found", nearest=setup.models[:3])


def _program() -> str:
    program = setup.program
    if setup.fault or program is None:
        raise ProviderError(setup.fault or _missing(), code="model_not_installed")
    return program


def _missing() -> str:
    return f"The program {setup.argv[0]!r} was not found on PATH. Install it, or write its full path in argv."


def _model_info(model: str) -> dict[str, object]:
    program = setup.program
    usable = not setup.fault and program is not None
    trouble = setup.fault or ("" if program else _missing())
    runs = f"Runs {Path(setup.argv[0]).name}." if setup.argv else "Runs a command line."
    return {
        "id": model,
        "backend": setup.id,
        "installed": usable,
        "available": usable,
        "preloaded": usable,
        "description": runs,
        **({"remedy": trouble} if trouble else {}),
    }


def _limit_s() -> float:
    """Seconds one run may take; nonsense in the variable means the default."""
    try:
        seconds = float(os.environ.get("VOX_COMMAND_TIMEOUT_SECONDS", ""))
    except ValueError:
        return _LONGEST_RUN_S
    return seconds if 0 < seconds < float("inf") else _LONGEST_RUN_S


# Only what the kind needs: a program that recognises offers no voices.
if setup.kind == "asr":
    provider.transcribe(transcribe)
else:
    provider.voices(voices)
    provider.synthesize(synthesize)

if __name__ == "__main__":
    serve(provider)
