"""Parakeet's whole path with a generated model, as functions and as a program."""

import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.providers.fake_hub import FakeHub, corrupted, stalled
from tests.providers.program import Program
from tests.providers.tiny_models import (
    GAP_S,
    LEAD_S,
    RATE,
    WORD_S,
    build_parakeet,
    say,
    sound,
    write_wav,
)

_SENTENCE = ("▁open", "▁the", "▁win", "dow", "▁close", "▁door")
_STEP_S = WORD_S + GAP_S


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    build_parakeet(folder / "parakeet" / "v3")
    return folder


@pytest.fixture(scope="module")
def program(models: Path) -> Iterator[Program]:
    with Program("vox_providers.parakeet", {"VOX_MODELS": str(models)}) as running:
        yield running
    assert running.status == 0
    assert running.stderr == ""


def test_known_sounds_come_back_as_words_with_their_times(program: Program, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", say(*_SENTENCE))
    result = program.call("transcribe", modelId="parakeet:v3", path=str(path), words=True)["result"]
    assert result["text"] == "open the window close door"
    assert [word["word"] for word in result["words"]] == result["text"].split()
    begins = [LEAD_S + number * _STEP_S for number in (0, 1, 2, 4, 5)]
    assert [word["start"] for word in result["words"]] == pytest.approx(begins, abs=0.1)
    ends = [begin + WORD_S for begin in (*begins[:2], begins[2] + _STEP_S, *begins[3:])]
    assert [word["end"] for word in result["words"]] == pytest.approx(ends, abs=0.1)
    assert all(0.9 < word["confidence"] <= 1 for word in result["words"])
    assert 0.9 < result["confidence"] <= 1


def test_segments_cover_the_text_and_metrics_the_stages(program: Program, tmp_path: Path) -> None:
    signal = say(*_SENTENCE)
    path = write_wav(tmp_path / "a.wav", signal)
    result = program.call("transcribe", modelId="parakeet:v3", path=str(path))["result"]
    assert "words" not in result
    assert " ".join(segment["text"] for segment in result["segments"]) == result["text"]
    assert result["segments"][0]["start"] == pytest.approx(LEAD_S, abs=0.1)
    metrics = result["metrics"]
    assert metrics["audioDurationMs"] == pytest.approx(len(signal) * 1000 / RATE)
    assert metrics["inferenceMs"] > 0
    assert metrics["audioPrepareMs"] > 0
    assert {"modelLoadMs", "audioLoadMs", "totalMs"} <= metrics.keys()


def test_a_long_recording_is_cut_in_silence_and_loses_no_word(program: Program, tmp_path: Path) -> None:
    tokens = list(itertools.islice(itertools.cycle(["▁open", "▁the", "▁door", "▁close"]), 160))
    path = write_wav(tmp_path / "long.wav", say(*tokens))  # 77 s without a pause
    program.notifications.clear()
    result = program.call("transcribe", modelId="parakeet:v3", path=str(path), words=True)["result"]
    assert result["text"] == " ".join(token.removeprefix("▁") for token in tokens)
    begins = [LEAD_S + number * _STEP_S for number in range(len(tokens))]
    assert [word["start"] for word in result["words"]] == pytest.approx(begins, abs=0.15)
    assert all(a["end"] <= b["start"] for a, b in itertools.pairwise(result["words"]))
    assert all(segment["end"] - segment["start"] <= 12.5 for segment in result["segments"])
    shares = [note["params"]["progress"] for note in program.notifications]
    assert shares == sorted(shares)
    assert shares[-1] == 1


@pytest.mark.parametrize("length_s", [0.0, 0.05, 5.0, 70.0])
def test_nothing_said_is_no_text(program: Program, tmp_path: Path, length_s: float) -> None:
    path = write_wav(tmp_path / "quiet.wav", sound([], lead_s=0, tail_s=length_s))
    result = program.call("transcribe", modelId="parakeet:v3", path=str(path), words=True)["result"]
    assert (result["text"], result["words"], result["segments"]) == ("", [], [])
    assert "confidence" not in result


def test_preload_tells_that_the_model_is_in_memory(models: Path) -> None:
    with Program("vox_providers.parakeet", {"VOX_MODELS": str(models)}) as fresh:
        assert [model["preloaded"] for model in fresh.call("models")["result"]["models"]] == [False, False]
        assert fresh.call("preload", modelId="parakeet:v3")["result"]["preloaded"] is True
        assert [model["preloaded"] for model in fresh.call("models")["result"]["models"]] == [True, False]


def test_a_cancelled_call_ends_between_two_pieces(program: Program, tmp_path: Path) -> None:
    tokens = list(itertools.islice(itertools.cycle(["▁open", "▁the", "▁door"]), 1500))
    path = write_wav(tmp_path / "endless.wav", say(*tokens))  # 12 minutes, 30 pieces
    program.send("transcribe", {"modelId": "parakeet:v3", "path": str(path)}, 9000)
    while program.receive().get("method") != "progress":
        pass
    program.send("cancel", {"id": 9000})
    assert program.answer(9000)["error"]["code"] == -32800


def test_a_model_that_is_not_installed_says_how_to_install_it(program: Program, tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", say("▁open"))
    for method in ("transcribe", "preload"):
        error = program.call(method, modelId="parakeet:v2", path=str(path))["error"]
        assert error["data"]["code"] == "model_not_installed"
        assert "vox models install parakeet:v2" in error["message"]


def test_an_unknown_model_names_the_near_one(program: Program) -> None:
    error = program.call("transcribe", modelId="parakeet:v33", path="x")["error"]
    assert error["data"] == {"code": "model_not_found", "nearest": ["parakeet:v3", "parakeet:v2"]}


def test_audio_that_is_none_is_refused(program: Program, tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not a WAV", encoding="utf-8")
    for path in (tmp_path / "text.wav", tmp_path / "missing.wav"):
        error = program.call("transcribe", modelId="parakeet:v3", path=str(path))["error"]
        assert error["data"]["code"] == "unsupported_audio"


def test_damaged_files_are_reported_with_the_way_to_repair_them(tmp_path: Path) -> None:
    folder = build_parakeet(tmp_path / "parakeet" / "v3")
    (folder / "encoder-model.int8.onnx").write_bytes(b"\x00" * 100)
    with Program("vox_providers.parakeet", {"VOX_MODELS": str(tmp_path)}) as fresh:
        error = fresh.call("preload", modelId="parakeet:v3")["error"]
    assert str(folder) in error["message"]
    assert "vox models install parakeet:v3" in error["message"]


def test_models_answers_without_loading_a_model_library() -> None:
    check = (
        "import sys, json; from vox_providers import parakeet; parakeet.engine.models();"
        "heavy = {'numpy', 'onnx_asr', 'onnxruntime', 'earshot', 'urllib.request', 'wave'};"
        "print(json.dumps(sorted(heavy & set(sys.modules))))"
    )
    output = subprocess.run([sys.executable, "-P", "-c", check], capture_output=True, check=True, timeout=30).stdout
    assert json.loads(output) == []


def test_the_languages_are_the_models(program: Program) -> None:
    multilingual, english = program.call("models")["result"]["models"]
    assert (len(multilingual["languages"]), english["languages"]) == (25, ["en"])
    assert multilingual["installed"] and not english["installed"]
    assert multilingual["sizeBytes"] > 1000


class TestFolders:
    def test_a_folder_named_directly(self, tmp_path: Path) -> None:
        folder = build_parakeet(tmp_path / "my-model")
        assert self._installed(folder) == ["parakeet:v3"]

    def test_a_folder_whose_name_tells_the_variant(self, tmp_path: Path) -> None:
        folder = build_parakeet(tmp_path / "parakeet-tdt-0.6b-v2-onnx")
        assert self._installed(folder) == ["parakeet:v2"]

    def test_a_folder_per_variant(self, tmp_path: Path) -> None:
        build_parakeet(tmp_path / "v2")
        build_parakeet(tmp_path / "v3")
        assert self._installed(tmp_path) == ["parakeet:v3", "parakeet:v2"]

    def test_the_home_is_the_default(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from vox_providers.parakeet import family

        monkeypatch.delenv("VOX_MODELS", raising=False)
        monkeypatch.delenv("VOX_PARAKEET_DIR", raising=False)
        monkeypatch.setenv("VOX_HOME", str(tmp_path))
        assert family.folder(family.checkpoint("parakeet:v2")) == tmp_path / "models" / "parakeet" / "v2"

    def test_an_incomplete_folder_is_not_installed(self, tmp_path: Path) -> None:
        build_parakeet(tmp_path / "v3")
        (tmp_path / "v3" / "config.json").unlink()
        assert self._installed(tmp_path) == []

    def _installed(self, folder: Path) -> list[str]:
        with Program("vox_providers.parakeet", {"VOX_PARAKEET_DIR": str(folder)}) as program:
            models = program.call("models")["result"]["models"]
        return [model["id"] for model in models if model["installed"]]


class TestQuantization:
    @pytest.mark.parametrize(("there", "wish", "installed"), [
        (".int8", None, True),
        ("", None, True),
        ("", "none", True),
        (".int8", "none", False),
        ("", "int8", False),
        (".fp16", "fp16", True),
    ])  # fmt: skip
    def test_what_is_used(self, tmp_path: Path, there: str, wish: str | None, installed: bool) -> None:
        build_parakeet(tmp_path / "v3", suffix=there)
        wished = {"VOX_PARAKEET_QUANTIZATION": wish} if wish else {}
        with Program("vox_providers.parakeet", {"VOX_PARAKEET_DIR": str(tmp_path), **wished}) as program:
            answer = program.call("preload", modelId="parakeet:v3")
        assert ("result" in answer) is installed

    @pytest.mark.parametrize("wish", ["../x", "**", "int8.onnx", "a b"])
    def test_a_wish_that_is_no_suffix(self, tmp_path: Path, wish: str) -> None:
        environment = {"VOX_PARAKEET_DIR": str(tmp_path), "VOX_PARAKEET_QUANTIZATION": wish}
        with Program("vox_providers.parakeet", environment) as program:
            assert "VOX_PARAKEET_QUANTIZATION" in program.call("models")["error"]["message"]


class TestRuntimeChoices:
    def test_execution_providers_that_are_not_there_are_named(self, models: Path) -> None:
        environment = {"VOX_MODELS": str(models), "VOX_ONNX_PROVIDERS": "cuda,cpu"}
        with Program("vox_providers.parakeet", environment) as program:
            error = program.call("preload", modelId="parakeet:v3")["error"]
        assert "'cuda'" in error["message"]
        assert "CPUExecutionProvider" in error["message"]

    @pytest.mark.parametrize("wish", ["cpu", "CPUExecutionProvider", "auto"])
    def test_execution_providers_that_are_there_work(self, models: Path, wish: str) -> None:
        environment = {"VOX_MODELS": str(models), "VOX_ONNX_PROVIDERS": wish, "VOX_ONNX_THREADS": "1"}
        with Program("vox_providers.parakeet", environment) as program:
            assert "result" in program.call("preload", modelId="parakeet:v3")

    def test_pieces_in_one_batch_are_what_they_are_one_by_one(self, models: Path, tmp_path: Path) -> None:
        tokens = list(itertools.islice(itertools.cycle(["▁open", "▁the", "▁door", "▁close"]), 120))
        path = str(write_wav(tmp_path / "long.wav", say(*tokens)))  # 58 s: three pieces
        results = []
        for size in ("1", "2", "8"):
            with Program("vox_providers.parakeet", {"VOX_MODELS": str(models), "VOX_ONNX_BATCH": size}) as program:
                results.append(program.call("transcribe", modelId="parakeet:v3", path=path, words=True)["result"])
        assert results[0]["text"] == " ".join(token.removeprefix("▁") for token in tokens)
        assert all(result["words"] == results[0]["words"] for result in results)

    def test_a_size_of_a_batch_that_is_none(self, models: Path, tmp_path: Path) -> None:
        path = str(write_wav(tmp_path / "a.wav", say("▁open")))
        with Program("vox_providers.parakeet", {"VOX_MODELS": str(models), "VOX_ONNX_BATCH": "0"}) as program:
            error = program.call("transcribe", modelId="parakeet:v3", path=path)["error"]
        assert "VOX_ONNX_BATCH" in error["message"]

    def test_a_number_of_threads_that_is_none(self, models: Path) -> None:
        with Program("vox_providers.parakeet", {"VOX_MODELS": str(models), "VOX_ONNX_THREADS": "many"}) as program:
            assert "VOX_ONNX_THREADS" in program.call("preload", modelId="parakeet:v3")["error"]["message"]


class TestInstall:
    @pytest.fixture
    def hub(self, tmp_path: Path) -> Iterator[FakeHub]:
        files = {"README.md": b"Parakeet", "nemo128.onnx": b"not needed", "encoder-model.onnx": b"another precision"}
        for path in build_parakeet(tmp_path / "built").iterdir():
            files[path.name] = path.read_bytes()
        with FakeHub({"istupakov/parakeet-tdt-0.6b-v3-onnx": files}) as running:
            yield running

    @pytest.fixture
    def environment(self, hub: FakeHub, tmp_path: Path) -> dict[str, str]:
        return {"VOX_MODELS": str(tmp_path / "models"), "HF_ENDPOINT": hub.address}

    def test_install_and_use(self, hub: FakeHub, environment: dict[str, str], tmp_path: Path) -> None:
        path = write_wav(tmp_path / "a.wav", say("▁open", "▁the", "▁door"))
        with Program("vox_providers.parakeet", environment) as program:
            model = program.call("install", modelId="parakeet:v3", requestId="r1")["result"]
            assert (model["id"], model["installed"]) == ("parakeet:v3", True)
            text = program.call("transcribe", modelId="parakeet:v3", path=str(path))["result"]["text"]
        assert text == "open the door"
        assert set(hub.fetched()[:2]) == {"encoder-model.int8.onnx", "decoder_joint-model.int8.onnx"}
        assert hub.fetched()[2:] == ["vocab.txt", "config.json"]
        last = [note["params"] for note in program.notifications if note["params"].get("requestId") == "r1"][-1]
        assert last["bytesDone"] == last["bytesTotal"] > 1000
        assert last["progress"] == 1

    def test_a_killed_install_is_continued(self, hub: FakeHub, environment: dict[str, str], tmp_path: Path) -> None:
        end = threading.Event()
        hub.faults = [stalled(2000, end)]
        with Program("vox_providers.parakeet", environment) as program:
            program.send("install", {"modelId": "parakeet:v3"}, 1)
            while program.receive()["params"].get("bytesDone", 0) < 2000:
                pass
            program.kill()
        end.set()
        (part,) = (tmp_path / "models").rglob("*.part")
        assert part.stat().st_size == 2000
        with Program("vox_providers.parakeet", environment) as program:
            assert not any(model["installed"] for model in program.call("models")["result"]["models"])
            assert program.call("install", modelId="parakeet:v3")["result"]["installed"] is True
        assert "bytes=2000-" in hub.ranges()
        assert list((tmp_path / "models").rglob("*.part")) == []

    def test_speech_is_recognised_while_another_model_is_installed(
        self, hub: FakeHub, environment: dict[str, str], tmp_path: Path
    ) -> None:
        build_parakeet(tmp_path / "models" / "parakeet" / "v2")
        path = write_wav(tmp_path / "a.wav", say("▁open", "▁the", "▁door"))
        end = threading.Event()
        hub.faults = [stalled(2000, end)]
        with Program("vox_providers.parakeet", environment) as program:
            program.send("install", {"modelId": "parakeet:v3"}, 9000)
            while program.receive()["params"].get("bytesDone", 0) < 2000:
                pass
            text = program.call("transcribe", modelId="parakeet:v2", path=str(path))["result"]["text"]
            program.send("cancel", {"id": 9000})
            end.set()
            assert program.answer(9000)["error"]["code"] == -32800
        assert text == "open the door"

    def test_content_that_stays_wrong_is_not_installed(self, hub: FakeHub, environment: dict[str, str]) -> None:
        hub.forever = corrupted
        with Program("vox_providers.parakeet", environment) as program:
            assert "checksum" in program.call("install", modelId="parakeet:v3")["error"]["message"]
            assert not any(model["installed"] for model in program.call("models")["result"]["models"])

    def test_a_precision_the_repository_lacks(self, environment: dict[str, str]) -> None:
        with Program("vox_providers.parakeet", {**environment, "VOX_PARAKEET_QUANTIZATION": "q4"}) as program:
            error = program.call("install", modelId="parakeet:v3")["error"]
        assert "encoder-model?q4.onnx" in error["message"]

    def test_a_repository_that_is_not_there(self, environment: dict[str, str]) -> None:
        with Program("vox_providers.parakeet", environment) as program:
            error = program.call("install", modelId="parakeet:v2")["error"]
        assert "404" in error["message"]
