"""faster-whisper with real weights: people's speech, silence, languages, and what it says of what is missing."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import jiwer
import numpy as np
import pytest

from tests.lacking import require
from tests.providers.conftest import RATE, plain
from tests.providers.fake_hub import FakeHub
from tests.providers.program import Program
from tests.providers.weights import lay_out_whispers
from vox.provider import Call, ProviderError
from vox_providers import faster_whisper
from vox_providers._faster_whisper_models import find_model, list_models

Clips = dict[str, tuple[Path, str]]
TINY, BASE = "faster-whisper:tiny.en", "faster-whisper:base"
FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out_whispers(tmp_path_factory.mktemp("models") / "faster-whisper")


@pytest.fixture(scope="module")
def program(folder: Path) -> Iterator[Program]:
    with Program("vox_providers.faster_whisper", {"VOX_MODELS": str(folder.parent)}) as running:
        yield running
    assert running.status == 0
    assert running.stderr == ""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for models, without any."""
    monkeypatch.delenv("VOX_MODELS", raising=False)
    monkeypatch.setenv("VOX_FASTER_WHISPER_MODELS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("model", "bound"), [(TINY, 0.06), pytest.param(BASE, 0.03, marks=pytest.mark.heavy)], ids=["tiny.en", "base"]
)
def test_it_reads_what_people_say(program: Program, clips: Clips, model: str, bound: float) -> None:
    heard = [
        program.call("transcribe", modelId=model, path=str(path), language="en-GB")["result"]["text"]
        for path, _ in clips.values()
    ]
    assert jiwer.wer([plain(said) for _, said in clips.values()], [plain(text) for text in heard]) <= bound


def test_words_have_times_and_confidences(program: Program, clips: Clips) -> None:
    path, said = clips["jfk"]
    result = program.call("transcribe", modelId=BASE, path=str(path), words=True)["result"]
    words = result["words"]
    assert plain(" ".join(word["word"] for word in words)) == plain(said)
    assert all(0 <= a["start"] <= a["end"] <= b["end"] <= 11.1 for a, b in itertools.pairwise(words))
    assert all(0 < word["confidence"] <= 1 for word in words)
    assert next(word["start"] for word in words if plain(word["word"]) == "country") == pytest.approx(5.8, abs=0.3)
    assert (result["language"], result["used"]) == ("en", {"language": "en"})
    assert 0.5 < result["confidence"] <= 1
    assert result["segments"][0]["start"] < 1 < 10 < result["segments"][-1]["end"]


def test_text_comes_ahead_of_the_end(program: Program, speech: Callable[[str], np.ndarray], wav: Callable) -> None:
    spoken = [speech("librivox-0870"), np.zeros(2 * RATE, np.int16), speech("librivox-0880")]
    program.notifications.clear()
    path = wav(np.concatenate(spoken * 2))
    result = program.call("transcribe", modelId=TINY, path=path, partials=True)["result"]
    partials = [one["params"]["text"] for one in program.notifications if one["method"] == "partial"]
    assert len(partials) == len(result["segments"]) >= 3
    assert all(later.startswith(earlier) for earlier, later in itertools.pairwise(partials))
    assert partials[-1] == result["text"]


@pytest.mark.parametrize("kind", ["silence", "noise", "hum", "nothing"])
@pytest.mark.parametrize("model", [TINY, BASE])
def test_where_nobody_speaks_there_is_no_text(program: Program, wav: Callable, model: str, kind: str) -> None:
    length = 0 if kind == "nothing" else 8 * RATE
    time = np.arange(length) / RATE
    sound = {
        "noise": np.random.default_rng(1).normal(0, 0.02, length),
        "hum": 0.1 * np.sin(2 * np.pi * 50 * time),
    }.get(kind, np.zeros(length))
    result = program.call("transcribe", modelId=model, path=wav(sound), words=True)["result"]
    assert (result["text"], result["segments"], result.get("words", [])) == ("", [], [])


def test_a_prompt_and_hotwords_change_the_spelling(program: Program, clips: Clips) -> None:
    path = str(clips["librivox-0870"][0])  # "And Mr. John Dashwood …"
    plainly = program.call("transcribe", modelId=TINY, path=path)["result"]["text"]
    hinted = program.call("transcribe", modelId=TINY, path=path, hotwords=["Dashwoode"])["result"]
    prompted = program.call("transcribe", modelId=TINY, path=path, prompt="MISTER JOHN DASHWOODE")["result"]
    assert "Dashwoode" not in plainly
    assert {"Dashwoode", "DASHWOODE"} & {word.strip(".,") for word in f"{hinted['text']} {prompted['text']}".split()}
    assert hinted["used"] == {"language": "en", "hotwords": ["Dashwoode"]}
    assert prompted["used"] == {"language": "en", "prompt": "MISTER JOHN DASHWOODE"}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"modelId": BASE, "language": "tlh"}, "no language 'tlh'"),
        ({"modelId": TINY, "language": "de"}, "no language 'de'"),
        ({"modelId": TINY, "task": "translate"}, "cannot translate"),
    ],
)
def test_what_a_model_cannot_do_is_refused(program: Program, clips: Clips, params: dict[str, str], said: str) -> None:
    error = program.call("transcribe", path=str(clips["jfk"][0]), **params)["error"]
    assert (error["code"], said in error["message"]) == (-32602, True)


def test_preloading_is_told(program: Program) -> None:
    assert program.call("preload", modelId=TINY)["result"]["preloaded"] is True
    found = {model["id"]: model for model in program.call("models")["result"]["models"]}
    assert [found[TINY]["languages"], len(found[BASE]["languages"])] == [["en"], 99]
    assert found[TINY]["sizeBytes"] > 70_000_000
    assert {name for name, model in found.items() if model["installed"]} == {TINY, BASE}


@pytest.mark.parametrize("method", ["preload", "transcribe"])
def test_missing_weights_are_told_with_the_remedy(empty: Path, method: str) -> None:
    require("faster_whisper")
    call = Call(method, {"modelId": "faster-whisper:turbo", "path": "x.wav"})
    with pytest.raises(ProviderError, match="vox models install faster-whisper:large-v3-turbo") as caught:
        getattr(faster_whisper, method)(call)
    assert (caught.value.code, "\n" in str(caught.value)) == ("model_not_installed", False)


def test_a_missing_package_is_told_with_the_remedy(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faster_whisper, "find_spec", lambda name: None)
    assert not any(model["available"] for model in faster_whisper.models())
    with pytest.raises(ProviderError, match=r"voxhost\[faster-whisper\]") as caught:
        faster_whisper.preload(Call("preload", {"modelId": BASE}))
    assert caught.value.code == "model_not_installed"


@pytest.mark.parametrize(
    "name", ["base", "faster-whisper:bas", "whisper:base", "faster-whisper:", "faster-whisper:../x"]
)
def test_an_unknown_model_is_told_with_its_likeness(empty: Path, name: str) -> None:
    with pytest.raises(ProviderError) as caught:
        find_model(name)
    assert caught.value.code == "model_not_found"


def test_a_folder_of_ones_own_is_a_model(empty: Path) -> None:
    for file in FILES:
        (empty / "mine.en").mkdir(exist_ok=True)
        assert not any(model.name == "mine.en" for model in list_models())
        (empty / "mine.en" / file).write_text("{}", encoding="utf-8")
    assert (list_models()[0].id, list_models()[0].languages) == ("faster-whisper:mine.en", ("en",))


def test_a_model_of_128_bands_needs_its_features(empty: Path) -> None:
    for file in FILES:
        (empty / "large-v3").mkdir(exist_ok=True)
        (empty / "large-v3" / file).write_text("{}", encoding="utf-8")
    assert find_model("faster-whisper:large").installed is False
    (empty / "large-v3" / "preprocessor_config.json").write_text("{}", encoding="utf-8")
    assert find_model("faster-whisper:large").installed is True


def test_damaged_weights_are_told(empty: Path) -> None:
    require("faster_whisper")
    (empty / "tiny").mkdir()
    for file in FILES:
        (empty / "tiny" / file).write_text("{}", encoding="utf-8")
    with pytest.raises(ProviderError, match=r"cannot be loaded as int8 on cpu.*vox models install faster-whisper:tiny"):
        faster_whisper.preload(Call("preload", {"modelId": "faster-whisper:tiny"}))


def test_install_gets_what_is_needed(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require("faster_whisper")
    files = {name: name.encode() * 999 for name in (*FILES, "preprocessor_config.json")}
    with FakeHub({"Systran/faster-whisper-large-v3": {**files, "README.md": b"Whisper"}}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        assert faster_whisper.install(Call("install", {"modelId": "faster-whisper:large"}))["installed"] is True
        assert hub.fetched()[-1] == "config.json"
    assert {path.name: path.read_bytes() for path in (empty / "large-v3").glob("[!.]*")} == files


@pytest.mark.parametrize(
    ("name", "value"),
    [("THREADS", "many"), ("BEAM", "0"), ("DEVICE", "tpu"), ("COMPUTE", "int3"), ("DEVICE", "cuda")],
)
def test_a_setting_that_cannot_be_kept_is_told(
    folder: Path, clips: Clips, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("VOX_FASTER_WHISPER_MODELS", str(folder))
    monkeypatch.setenv(f"VOX_FASTER_WHISPER_{name}", value)
    monkeypatch.setattr(faster_whisper, "_loaded", {})
    with pytest.raises(ProviderError, match=value):
        faster_whisper.transcribe(Call("transcribe", {"modelId": TINY, "path": str(clips["jfk"][0])}))
