"""The bridge to mlx-audio, with a stand-in for that package in another virtual environment."""

import base64
import os
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.providers.fake_mlx_audio import build_environment
from tests.providers.program import Program
from tests.providers.test_command import gone
from vox_providers import _mlx_models, _mlx_python

pytestmark = pytest.mark.skipif(os.name != "posix", reason="mlx-audio is for macOS")

MODULE = "vox_providers.mlx_audio"
KOKORO, CSM = "mlx-community/Kokoro-82M-bf16", "mlx-community/csm-1b"
WHISPER, PARAKEET = "mlx-community/whisper-large-v3-turbo-asr-fp16", "mlx-community/parakeet-tdt-0.6b-v3"


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the stand-in."""
    return build_environment(tmp_path_factory.mktemp("mlx") / "venv")


@pytest.fixture
def start(python: Path, tmp_path: Path) -> Callable[..., Program]:
    """start(NAME=value) starts the provider; variables without their common prefix."""

    def run(**settings: str) -> Program:
        environment = {"PYTHON": str(python), **settings}
        prefixed = {f"VOX_MLX_AUDIO_{name}": value for name, value in environment.items()}
        return Program(MODULE, {"HF_HOME": str(tmp_path / "hf"), **prefixed})

    return run


@pytest.fixture
def clip(clips: dict[str, tuple[Path, str]]) -> str:
    return str(clips["jfk"][0])


def result(answer: dict[str, Any]) -> dict[str, Any]:
    assert "result" in answer, answer
    return answer["result"]


def message(answer: dict[str, Any]) -> str:
    return answer["error"]["message"]


def test_models_are_those_published_until_others_are_named(start: Callable[..., Program]) -> None:
    with start() as program:
        told = result(program.call("models"))
    assert "synthesize.stream" in told["features"]
    kinds = [(model["id"], model["kind"], model["installed"], model["available"]) for model in told["models"]]
    assert kinds[0] == (PARAKEET, "asr", False, True)
    assert (KOKORO, "tts", False, True) in kinds and len(kinds) == 7
    with start(ASR_MODELS=f" {WHISPER}, ", TTS_MODELS="a/b,c/d") as program:
        assert [model["id"] for model in result(program.call("models"))["models"]] == [WHISPER, "a/b", "c/d"]


def test_install_and_preload_load_the_model_and_tell_how_far(start: Callable[..., Program]) -> None:
    with start() as program:
        early = program.call("preload", modelId=KOKORO)
        assert early["error"]["data"]["code"] == "model_not_installed"
        assert f"vox models install {KOKORO}" in message(early)
        for method in ("install", "preload"):
            program.notifications.clear()
            told = result(program.call(method, modelId=KOKORO))
            assert (told["installed"], told["preloaded"]) == (True, True)
            progress = [(note["params"]["progress"], note["params"]["status"]) for note in program.notifications]
            assert progress == [(0.25, "loading"), (1.0, "ready")]
    assert "Fetching 3 files" in program.stderr
    with start() as program:
        (model,) = (model for model in result(program.call("models"))["models"] if model["id"] == KOKORO)
        assert (model["installed"], model["preloaded"]) == (True, False)


def test_recordings_are_recognised(start: Callable[..., Program], clip: str) -> None:
    with start(LANGUAGE="de-AT") as program:
        for model in (WHISPER, PARAKEET):
            result(program.call("install", modelId=model))
        heard = result(program.call("transcribe", modelId=WHISPER, path=clip))
        assert (heard["text"], heard["language"]) == ("11 seconds", "de")
        assert heard["segments"] == [{"id": 0, "start": 0.0, "end": 11.0, "text": "11 seconds"}]
        assert result(program.call("transcribe", modelId=WHISPER, path=clip, language="fr"))["language"] == "fr"
        heard = result(program.call("transcribe", modelId=PARAKEET, path=clip, language="en"))
        assert heard["segments"] == [{"id": 0, "start": 0.5, "end": 1.0, "text": "one"}]
        assert "no recording" in message(program.call("transcribe", modelId=WHISPER, path=f"{clip}.gone"))
        assert "does nothing else" in message(program.call("synthesize", modelId=WHISPER, input="hello"))


def test_texts_are_spoken(start: Callable[..., Program]) -> None:
    with start(TTS_MAX_TOKENS="800") as program:
        for model in (KOKORO, CSM):
            result(program.call("install", modelId=model))
        whole = result(program.call("synthesize", modelId=KOKORO, input="one two --three", speed=2.0))
        assert (whole["voiceId"], whole["metrics"]["audioDurationMs"]) == ("af_heart", 150.0)
        assert len(base64.b64decode(whole["audioBase64"])) == 44 + 2 * 3600
        result(program.call("synthesize", modelId=KOKORO, input="ciao", voiceId="bm_lewis", language="it"))
        other = result(program.call("synthesize", modelId=CSM, input="one", speed=2.0))
        assert (other["voiceId"], other["metrics"]["audioDurationMs"]) == ("default", 50.0)
        refused = program.call("synthesize", modelId=KOKORO, input="one", voiceId="nobody")
        assert refused["error"]["data"]["code"] == "voice_not_found"
    assert "GENERATE 'one two --three' af_heart 2 a {'max_tokens': 800}" in program.stderr
    assert "GENERATE 'ciao' bm_lewis 1 i" in program.stderr


def test_speech_is_heard_piece_by_piece(start: Callable[..., Program]) -> None:
    with start() as program:
        result(program.call("install", modelId=KOKORO))
        program.notifications.clear()
        answer = result(program.call("synthesize", modelId=KOKORO, input="one two", stream=True))
        pieces = [note["params"] for note in program.notifications if note["method"] == "audio"]
    assert [piece["sequence"] for piece in pieces] == [0, 1] and pieces[0]["sampleRate"] == 24_000
    assert not answer.get("audioBase64")


def test_voices_can_be_named(start: Callable[..., Program]) -> None:
    with start() as program:
        named = result(program.call("voices", modelId=KOKORO))["voices"]
        assert len(named) == 14 and named[0]["id"] == "af_heart" and named[0]["default"]
        assert {voice["language"] for voice in named} == {"en-US", "en-GB"}
        assert [voice["id"] for voice in result(program.call("voices", modelId=CSM))["voices"]] == ["default"]
    own = '["ann", {"id": "bob", "name": "Bob", "language": "de"}, {"name": 3}, 4]'
    with start(TTS_MODELS="x/y", TTS_VOICES_JSON=own, TTS_DEFAULT_VOICE="bob") as program:
        told = [(v["id"], v["name"], v["default"]) for v in result(program.call("voices"))["voices"]]
    assert told == [("bob", "Bob", True), ("ann", "ann", False)]
    with start(TTS_MODELS="x/y", TTS_VOICES_JSON='{"x/y": ["eve"]}', TTS_DEFAULT_VOICE="zoe") as program:
        assert [voice["id"] for voice in result(program.call("voices"))["voices"]] == ["zoe", "eve"]


def test_a_model_that_does_not_load_is_told_in_one_line(start: Callable[..., Program]) -> None:
    with start(TTS_MODELS="x/broken") as program:
        told = message(program.call("install", modelId="x/broken"))
        assert told == "ValueError: Model type broken not supported. See the list."
        assert result(program.call("models"))["models"][-1]["installed"] is False
        assert "not configured" in message(program.call("install", modelId="x/other"))


def test_a_child_that_dies_is_told_and_started_again(start: Callable[..., Program]) -> None:
    with start() as program:
        result(program.call("install", modelId=KOKORO))
        assert "ended with status 9" in message(program.call("synthesize", modelId=KOKORO, input="die"))
        model = next(m for m in result(program.call("models"))["models"] if m["id"] == KOKORO)
        assert (model["installed"], model["preloaded"]) == (True, False)
        assert result(program.call("synthesize", modelId=KOKORO, input="one"))["voiceId"] == "af_heart"


@pytest.mark.parametrize(("text", "kept"), [("slow " * 400, True), ("one stuck", False)])
def test_a_cancelled_call_ends_soon(start: Callable[..., Program], text: str, kept: bool) -> None:
    """Between two pieces the child listens; one that is stuck in a piece is ended."""
    with start() as program:
        result(program.call("install", modelId=KOKORO))
        program.send("synthesize", {"modelId": KOKORO, "input": text, "stream": True}, 77)
        assert program.receive()["method"] == "audio"
        program.send("cancel", {"id": 77})
        assert program.answer(77)["error"]["code"] == -32800
        model = next(m for m in result(program.call("models"))["models"] if m["id"] == KOKORO)
        assert model["preloaded"] is kept
        assert result(program.call("synthesize", modelId=KOKORO, input="one"))["voiceId"] == "af_heart"


def children(process: int) -> list[int]:
    """Process ids of those whose parent it is."""
    stats = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/stat") if path.exists()]
    return [int(found.split(b" ")[0]) for found in stats if int(found.rpartition(b") ")[2].split()[1]) == process]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize("number", [None, signal.SIGKILL])
def test_the_child_ends_with_the_provider(start: Callable[..., Program], number: int | None) -> None:
    with start() as program:
        result(program.call("install", modelId=KOKORO))
        found = children(program._process.pid)
        assert len(found) == 2  # mlx-audio, and the shell that ends it when the provider cannot
        if number:
            program.send("synthesize", {"modelId": KOKORO, "input": "one stuck", "stream": True}, 5)
            assert program.receive()["method"] == "audio"
            program._process.send_signal(number)
    assert [child for child in found if not gone(child)] == []


def test_without_mlx_audio_one_line_says_what_to_do(start: Callable[..., Program]) -> None:
    with start(PYTHON=sys.executable) as program:
        model = result(program.call("models"))["models"][0]
        assert (model["installed"], model["available"]) == (False, False)
        refused = program.call("install", modelId=KOKORO)
        assert refused["error"]["data"]["code"] == "model_not_installed"
        assert message(refused) == model["remedy"] and "\n" not in message(refused)
    with start(PYTHON="/no/python") as program:
        assert "VOX_MLX_AUDIO_PYTHON names '/no/python'" in message(program.call("install", modelId=KOKORO))


@pytest.mark.parametrize(
    ("system", "machine", "told"),
    [
        ("linux", "x86_64", "runs on Apple silicon only"),
        ("darwin", "x86_64", "runs on Apple silicon only"),
        ("darwin", "arm64", f"{sys.executable} -m pip install mlx-audio"),
    ],
)
def test_the_remedy_depends_on_the_machine(
    monkeypatch: pytest.MonkeyPatch, system: str, machine: str, told: str
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    monkeypatch.setattr(_mlx_python.sys, "platform", system)
    assert told in _mlx_python._absent(sys.executable)


def test_its_environment_is_that_of_its_python(python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_MLX_AUDIO_PYTHON", str(python))
    monkeypatch.delenv("VOX_MLX_AUDIO_USE_UV", raising=False)
    found = _mlx_python.find()
    assert (found.argv[0], found.fault) == (str(python), "")
    assert found.environment["VIRTUAL_ENV"] == str(python.parent.parent)
    assert found.environment["PATH"].startswith(f"{python.parent}{os.pathsep}")
    assert found.environment["PYTHONPATH"] == "" and found.environment["PYTHONUNBUFFERED"] == "1"


def test_uv_runs_it_when_asked_to(start: Callable[..., Program], python: Path, tmp_path: Path) -> None:
    uv = tmp_path / "my-uv"
    uv.write_text(f'#!/bin/sh\necho "UV $@" >&2\nshift 5\nexec "{python}" "$@"\n', encoding="utf-8")
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    with start(PYTHON="", USE_UV="1", UV=str(uv)) as program:
        assert result(program.call("install", modelId=KOKORO))["installed"] is True
    assert "UV run --no-project --with mlx-audio python -u " in program.stderr
    with start(USE_UV="true", UV="no-such-uv") as program:
        assert "install uv, or set VOX_MLX_AUDIO_UV" in message(program.call("install", modelId=KOKORO))


@pytest.mark.parametrize(
    ("model", "voice", "language", "code"),
    [
        (KOKORO, "af_heart", None, "a"),
        (KOKORO, "bm_lewis", None, "b"),
        (KOKORO, "af_heart", "en_gb", "b"),
        (KOKORO, None, "pt", "p"),
        (KOKORO, None, "fi", None),
        (KOKORO, None, None, None),
        (CSM, None, "de-AT", "de-AT"),
    ],
)
def test_a_language_has_a_code(model: str, voice: str | None, language: str | None, code: str | None) -> None:
    assert _mlx_models.language_code(model, voice, language) == code


def test_a_code_for_the_language_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_MLX_AUDIO_LANG_CODE", "j")
    assert _mlx_models.language_code(KOKORO, "af_heart", None) == "j"
    monkeypatch.setenv("VOX_MLX_AUDIO_TTS_LANG_CODE", "z")
    assert (_mlx_models.language_code(CSM, None, None), _mlx_models.language_code(CSM, None, "de")) == ("z", "de")
    monkeypatch.setenv("VOX_MLX_AUDIO_LANGUAGE", "de-AT")
    monkeypatch.setenv("VOX_MLX_AUDIO_STT_LANGUAGE", "it")
    assert (_mlx_models.spoken_language(None), _mlx_models.spoken_language("pt-BR")) == ("it", "pt")
