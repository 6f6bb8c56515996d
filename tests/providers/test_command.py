"""Any command line as an engine: real programs are run, and what they write is read."""

import base64
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from time import monotonic, perf_counter, sleep
from typing import Any

import numpy as np
import pytest

from tests.providers.program import Program
from vox.provider import Call, ProviderError
from vox_providers import _children, command
from vox_providers._command_line import read_setup

ESPEAK = shutil.which("espeak-ng")
needs_espeak = pytest.mark.skipif(
    ESPEAK is None and not os.environ.get("VOX_TEST_EVERYTHING"), reason="no espeak-ng program on this computer"
)
PYTHON = [sys.executable, "-I", "-c"]
POSIX = pytest.mark.skipif(os.name != "posix", reason="process groups are POSIX's")

Configure = Callable[..., None]


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Configure:
    """configure(argv, kind=, …) makes that the entry of the program."""

    def run(argv: list[str], kind: str = "asr", **more: Any) -> None:
        monkeypatch.setattr(
            command, "setup", read_setup(json.dumps({"id": "mine", "kind": kind, "argv": argv, **more}))
        )

    return run


@pytest.fixture
def clip(clips: dict[str, tuple[Path, str]]) -> str:
    return str(clips["jfk"][0])


def heard(path: str, **params: object) -> dict[str, Any]:
    return command.transcribe(Call("transcribe", {"modelId": "mine", "path": path, **params}))


def spoken(text: str = "Good morning.", **params: object) -> np.ndarray:
    result = command.synthesize(Call("synthesize", {"modelId": "mine", "input": text, **params}))
    audio = result["audio"]
    assert isinstance(audio, bytes)
    with wave.open(io.BytesIO(audio)) as reader:
        return np.frombuffer(reader.readframes(reader.getnframes()), "<i2") / 32768


def writes(words: str) -> list[str]:
    return [*PYTHON, f"import sys; sys.stdout.write({words!r})", "{path}"]


def test_a_program_reads_the_recording_and_its_text_is_the_transcript(configure: Configure, clip: str) -> None:
    program = "import sys, wave; w = wave.open(sys.argv[1]); print(w.getnframes() / w.getframerate(), 'seconds')"
    configure([*PYTHON, program, "{path}"])
    assert heard(clip) == {"text": "11.0 seconds"}


def test_lines_with_times_are_segments(configure: Configure, clip: str) -> None:
    configure(writes("loading\n\n[00:00:00.000 --> 00:00:02.500]   And so my\n[00:01.0 --> 01:02.250]  fellow\n"))
    assert heard(clip) == {
        "text": "And so my fellow",
        "segments": [
            {"id": 0, "start": 0.0, "end": 2.5, "text": "And so my"},
            {"id": 1, "start": 1.0, "end": 62.25, "text": "fellow"},
        ],
    }


@pytest.mark.parametrize("ending", ["json", "srt", "vtt", "txt", ""])
def test_a_file_beside_out_is_read(configure: Configure, clip: str, ending: str) -> None:
    content = {
        "json": json.dumps(
            {
                "result": {"language": "en"},
                "transcription": [{"offsets": {"from": 0, "to": 1500}, "text": " And so"}, {"text": " lost"}],
            }
        ),
        "srt": "1\n00:00:00,000 --> 00:00:01,500\n<i>And\nso</i>\n\n",
        "vtt": "WEBVTT\n\nNOTE nothing\n\n00:00.000 --> 00:01.500 align:start\n<v Ann>And so\n",
        "txt": "And so\n",
        "": "And so\n",
    }[ending]
    name = f"{{out}}.{ending}" if ending else "{out}"
    program = "import pathlib, sys; print('chatter'); pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    configure([*PYTHON, program, name, content, "{path|}"])
    result = heard(clip)
    assert result["text"] == "And so"
    if ending in ("json", "srt", "vtt"):
        assert result["segments"] == [{"id": 0, "start": 0.0, "end": 1.5, "text": "And so"}]
    assert result.get("language") == ("en" if ending == "json" else None)


def test_words_are_given_to_who_asks(configure: Configure, clip: str) -> None:
    words = [{"word": " And", "start": 0.1, "end": 0.4, "probability": 0.5}, {"word": "so", "start": 0.4, "end": 0.3}]
    document = {"text": "And so", "segments": [{"start": 0, "end": 1, "text": "And so", "words": words}, {"id": 3}]}
    configure(writes(json.dumps(document)))
    assert "words" not in heard(clip)
    assert heard(clip, words=True)["words"] == [
        {"word": "And", "start": 0.1, "end": 0.4, "confidence": 0.5},
        {"word": "so", "start": 0.4, "end": 0.4},
    ]


@pytest.mark.parametrize("written", ['{"text": ', '{"other": 1}', '{"segments": 3}'])
def test_json_that_says_nothing_is_an_error(configure: Configure, clip: str, written: str) -> None:
    configure(writes(written))
    with pytest.raises(ProviderError, match="JSON"):
        heard(clip)


def test_silence_is_an_empty_text(configure: Configure, clip: str) -> None:
    for written in ("", " \n", '{"transcription": []}', '{"text": ""}'):
        configure(writes(written))
        assert heard(clip) == {"text": ""}


def test_language_and_model_reach_the_program_and_defaults_stand_in(configure: Configure, clip: str) -> None:
    echo = "import sys; print(*sys.argv[1:])"
    configure([*PYTHON, echo, "{a}", "{path}"])
    with pytest.raises(ProviderError, match=r"argv has \{a\}"):
        heard(clip)
    configure([*PYTHON, echo, "-l", "{language|auto}", "{model}", '{"b":1}', "-f={path}"], models=["mine", "m2"])
    assert heard(clip)["text"] == f'-l auto mine {{"b":1}} -f={clip}'
    assert heard(clip, language="pt-BR", modelId="m2")["text"].startswith("-l pt-BR m2")
    with pytest.raises(ProviderError, match="no language tag"):
        heard(clip, language="--help")
    with pytest.raises(ProviderError, match="mine, m2"):
        heard(clip, modelId="m3")


def test_a_place_without_value_or_default_is_named(configure: Configure, clip: str) -> None:
    configure([*PYTHON, "", "{language}", "{path}"])
    with pytest.raises(ProviderError, match=r"\{language\|…\}"):
        heard(clip)


def test_a_status_is_an_error_with_the_last_line(configure: Configure, clip: str) -> None:
    configure([*PYTHON, "import sys; print('first\\nthe model is gone\\n', file=sys.stderr); sys.exit(3)", "{path}"])
    with pytest.raises(ProviderError, match="failed with status 3: the model is gone") as caught:
        heard(clip)
    assert caught.value.data == {"status": 3}
    configure([*PYTHON, "import os; os.kill(os.getpid(), 9)", "{path}"])
    if os.name == "posix":
        with pytest.raises(ProviderError, match="ended by signal 9"):
            heard(clip)


def test_no_shell_reads_anything(configure: Configure, tmp_path: Path) -> None:
    text = f"`touch {tmp_path}/a` $(touch {tmp_path}/b) ; touch {tmp_path}/c | > {tmp_path}/d {{out}} {{path}}"
    program = (
        "import sys, wave; w = wave.open(sys.argv[1], 'wb'); w.setparams((1, 2, 8000, 0, 'NONE', ''));"
        "w.writeframes(sys.argv[2].encode('utf-16-le'))"
    )
    configure([*PYTHON, program, "{out}", "{text}"], kind="tts")
    result = command.synthesize(Call("synthesize", {"modelId": "mine", "input": text}))
    with wave.open(io.BytesIO(result["audio"])) as reader:  # type: ignore[arg-type]
        assert reader.readframes(9999).decode("utf-16-le") == text
    assert list(tmp_path.iterdir()) == []


def test_a_recording_that_is_not_there_is_told(configure: Configure, tmp_path: Path) -> None:
    configure(writes("invented"))
    with pytest.raises(ProviderError, match="no recording at") as caught:
        heard(str(tmp_path / "gone.wav"))
    assert caught.value.code == "unsupported_audio"


@needs_espeak
def test_espeak_speaks_to_a_file_and_to_standard_output(configure: Configure) -> None:
    configure(["espeak-ng", "-w", "{out}", "{text}"], kind="tts")
    to_file = spoken()
    configure(["espeak-ng", "--stdout", "{text}"], kind="tts")
    to_output = spoken()
    assert len(to_file) > 10_000 and np.array_equal(to_file, to_output)
    configure(["espeak-ng", "--stdin", "--stdout", "-b", "1"], kind="tts")
    assert len(spoken("Grüße.")) > 5_000


@needs_espeak
def test_a_text_that_begins_with_a_dash_is_spoken_and_no_option(configure: Configure) -> None:
    for argv in (["-w", "{out}", "{text}"], ["-w", "{out}", "--", "{text}"], ["--stdin", "-w", "{out}"]):
        configure(["espeak-ng", *argv], kind="tts")
        assert len(spoken("--version is what I say")) > 10_000


@needs_espeak
def test_voice_and_speed_reach_the_program(configure: Configure) -> None:
    argv = ["espeak-ng", "-v", "{voice}", "-s", "{speed*175}", "-w", "{out}", "{text}"]
    configure(argv, kind="tts", voices=["en-us", "de"])
    assert 1.6 < len(spoken(speed=0.5)) / len(spoken()) < 2.4
    assert not np.array_equal(spoken(), spoken(voiceId="de"))
    assert [(voice["id"], voice["default"]) for voice in command.voices("mine")] == [("en-us", True), ("de", False)]
    with pytest.raises(ProviderError, match="en-us, de") as caught:
        spoken(voiceId="-x")
    assert caught.value.code == "voice_not_found"


def test_a_program_with_one_voice(configure: Configure) -> None:
    configure([*PYTHON, "print()"], kind="tts")
    assert [voice["id"] for voice in command.voices(None)] == ["default"]
    with pytest.raises(ProviderError, match="no WAV file"):
        spoken(voiceId="default")


@pytest.mark.parametrize("written", [b"", b"ID3 and so on", b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + b"\1\0" * 8])
def test_what_is_no_sound_is_an_error(configure: Configure, written: bytes) -> None:
    configure([*PYTHON, f"import sys; sys.stdout.buffer.write({written!r})"], kind="tts")
    with pytest.raises(ProviderError, match=r"no WAV file|without sound"):
        spoken()


@pytest.mark.parametrize("argv", [["{path}"], ["x", "{text}", "{path}"], ["x"], ["{path}x"]])
def test_a_command_line_that_cannot_work_is_told_before_any_call(configure: Configure, argv: list[str]) -> None:
    configure(argv)
    (model,) = command.models()
    assert model["available"] is False and "argv" in str(model["remedy"])
    with pytest.raises(ProviderError, match="argv") as caught:
        command.install(Call("install", {"modelId": "mine"}))
    assert caught.value.code == "model_not_installed"


def test_a_missing_program_is_named_with_the_remedy(configure: Configure) -> None:
    configure(["no-such-program", "{path}"], models=["a", "b"])
    models = command.models()
    assert [(model["id"], model["installed"]) for model in models] == [("a", False), ("b", False)]
    assert "'no-such-program' was not found on PATH" in str(models[0]["remedy"])


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"argv": "x"}', '{"kind": 3, "models": [1]}'])
def test_a_setup_that_cannot_be_read_has_a_fault(text: str | None) -> None:
    assert read_setup(text).fault


SLEEPER = "import subprocess, sys, time; c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
TELLS = f"{SLEEPER} open(sys.argv[1], 'w').write(str(c.pid)); time.sleep(60)"


def waited(path: Path) -> int:
    """The number in a file that a program is about to write."""
    end = monotonic() + 20
    while not path.exists() or not path.read_text(encoding="utf-8"):
        assert monotonic() < end
        sleep(0.01)
    return int(path.read_text(encoding="utf-8"))


def gone(process: int) -> bool:
    """Whether a process has ended, or waits to be collected, within a few seconds."""
    end = monotonic() + 10
    while monotonic() < end:
        try:
            if Path(f"/proc/{process}/stat").read_bytes().rpartition(b") ")[2][:1] == b"Z":
                return True
            os.kill(process, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        sleep(0.01)
    return False


@POSIX
def test_a_cancelled_call_ends_the_program_and_its_children(configure: Configure, clip: str, tmp_path: Path) -> None:
    note = tmp_path / "child"
    configure([*PYTHON, TELLS, str(note), "{path}"])
    call = Call("transcribe", {"modelId": "mine", "path": clip})
    canceller = threading.Thread(target=lambda: (waited(note), call.cancel()))
    canceller.start()
    with pytest.raises(ProviderError, match="cancelled"):
        command.transcribe(call)
    canceller.join()
    assert gone(waited(note))


@POSIX
def test_a_program_that_takes_too_long_is_ended(
    configure: Configure, clip: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOX_COMMAND_TIMEOUT_SECONDS", "0.4")
    note = tmp_path / "child"
    configure([*PYTHON, TELLS, str(note), "{path}"])
    begun = perf_counter()
    with pytest.raises(ProviderError, match=r"did not finish within 0\.4 s"):
        heard(clip)
    assert perf_counter() - begun < 5
    assert not note.exists() or gone(waited(note))


def test_a_program_that_writes_without_end_is_ended(
    configure: Configure, clip: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_children, "_LARGEST_OUTPUT", 1 << 20)
    configure([*PYTHON, "while True: print('no ' * 1000)", "{path}"])
    with pytest.raises(ProviderError, match="wrote more than 1 MiB"):
        heard(clip)


@POSIX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_provider_that_is_killed_takes_its_programs_with_it(clip: str, tmp_path: Path, number: int) -> None:
    note = tmp_path / "child"
    setup = json.dumps({"id": "mine", "kind": "asr", "argv": [*PYTHON, TELLS, str(note), "{path}"]})
    with Program("vox_providers.command", {"VOX_COMMAND": setup}) as program:
        program.send("transcribe", {"modelId": "mine", "path": clip}, 1)
        child = waited(note)
        program._process.send_signal(number)
        assert program._process.wait(10) == -number
        assert gone(child)


@needs_espeak
def test_the_program_speaks_over_the_protocol_two_at_a_time() -> None:
    setup = {"id": "es", "kind": "tts", "argv": ["espeak-ng", "-w", "{out}", "{text}"], "maxConcurrency": 2}
    with Program("vox_providers.command", {"VOX_COMMAND": json.dumps(setup)}) as program:
        told = program.call("models")["result"]
        assert (told["maxConcurrency"], told["models"][0]["id"], told["models"][0]["backend"]) == (2, "es", "es")
        for number in (11, 12):
            program.send("synthesize", {"modelId": "es", "input": "hello " * number, "format": "wav"}, number)
        answers = [program.receive() for _ in range(2)]  # in any order
        sounds = {answer["id"]: base64.b64decode(answer["result"]["audioBase64"]) for answer in answers}
        assert 10_000 < len(sounds[11]) < len(sounds[12])
        refused = program.call("transcribe", modelId="es", path="x")
        assert refused["error"]["code"] == -32601


def test_check_passes_for_a_configured_command(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    argv = [*PYTHON, "print('and so my fellow americans')", "{path}"]
    entry = {"id": "heard", "kind": "asr", "builtin": "command", "argv": argv}
    (home / "providers.json").write_text(json.dumps({"providers": [entry]}), encoding="utf-8")
    (home / "providers.json").chmod(0o600)
    environment = {**os.environ, "VOX_HOME": str(home)}
    words = [sys.executable, "-m", "vox", "providers", "check", "heard", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=120, env=environment)
    told = json.loads(done.stdout)
    assert (told["ok"], told["counts"]["fail"], done.returncode) == (True, 0, 0), done.stdout
    outcomes = {check["id"]: check["outcome"] for check in told["checks"]}
    assert outcomes["transcribe.result"] == "pass"
