"""The embedded recogniser: right words, right times, and nothing invented."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.machinery import PathFinder
from itertools import pairwise
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest

import vox_providers.moonshine as moonshine
from tests.providers.conftest import RATE, plain
from vox.provider import Call, ProviderError
from vox_providers._moonshine_files import FILES, find_folder

Clips = dict[str, tuple[Path, str]]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A cache folder for what is derived from the weights, made once for all tests here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VOX_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def transcribe(path: Path | str, **params: Any) -> dict[str, Any]:
    """What the provider answers for a file."""
    return moonshine.transcribe(Call("transcribe", {"modelId": moonshine.MODEL, "path": str(path), **params}))


def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine for which moonshine-voice has no wheel."""
    real = PathFinder.find_spec
    hidden = "moonshine_voice"
    monkeypatch.setattr(PathFinder, "find_spec", lambda name, *rest: None if name == hidden else real(name, *rest))


def test_words_are_right(clips: Clips) -> None:
    said, heard = [], []
    for path, transcript in clips.values():
        said.append(plain(transcript))
        heard.append(plain(transcribe(path)["text"]))
    assert jiwer.wer(said[1:], heard[1:]) <= 0.04  # the five LibriVox sentences
    assert jiwer.wer(said[:1], heard[:1]) == 0  # jfk


def test_long_audio_is_cut_and_joined_without_losing_words(
    clips: Clips, speech: Callable[[str], np.ndarray], wav: Callable[..., str]
) -> None:
    names = [name for name in clips if name != "jfk"] * 3
    path = wav(np.concatenate([speech(name) for name in names]))  # 74 s
    result = transcribe(path)
    assert jiwer.wer(" ".join(plain(clips[name][1]) for name in names), plain(result["text"])) <= 0.05
    segments = result["segments"]
    assert [segment["id"] for segment in segments] == list(range(len(segments))) and len(segments) >= 3
    assert " ".join(segment["text"] for segment in segments) == result["text"]
    assert all(0 <= s["start"] < s["end"] <= s["start"] + 30 for s in segments)
    assert all(before["end"] <= after["start"] for before, after in pairwise(segments))


def test_the_text_grows_piece_by_piece(
    clips: Clips, speech: Callable[[str], np.ndarray], wav: Callable[..., str]
) -> None:
    path = wav(np.concatenate([speech(name) for name in clips if name != "jfk"]))  # 24 s
    sent: list[tuple[str, Any]] = []
    params = {"modelId": moonshine.MODEL, "path": path, "partials": True}
    call = Call("transcribe", params, lambda method, told: sent.append((method, told)))
    text = moonshine.transcribe(call)["text"]
    partials = [told for method, told in sent if method == "partial"]
    assert len(partials) >= 2 and partials[-1]["text"] == text
    assert all(after["text"].startswith(before["text"] + " ") for before, after in pairwise(partials))
    assert all(told["stable"] is True for told in partials)


def test_times_of_words_follow_the_voice(clips: Clips) -> None:
    result = transcribe(clips["jfk"][0], words=True)
    words = result["words"]
    assert " ".join(word["word"] for word in words) == result["text"]
    assert all(0 <= word["confidence"] <= 1 for word in words)
    bounds = [moment for word in words for moment in (word["start"], word["end"])]
    assert bounds == sorted(bounds)
    assert result["segments"][0]["start"] <= bounds[0] and bounds[-1] <= result["segments"][-1]["end"] <= 11.0
    start = {word["word"].strip(",.").lower(): word["start"] for word in reversed(words)}
    # Where the loudness rises again after the two long pauses of the sentence.
    assert start["ask"] == pytest.approx(3.27, abs=0.15)
    assert start["what"] == pytest.approx(5.4, abs=0.15)


def test_no_word_lies_in_a_pause(speech: Callable[[str], np.ndarray], wav: Callable[..., str]) -> None:
    clip = speech("librivox-0880")
    pause = np.zeros(int(1.5 * RATE), np.int16)  # short enough to stay inside one piece
    words = transcribe(wav(np.concatenate([clip, pause, clip])), words=True)["words"]
    silent = (len(clip) / RATE, (len(clip) + len(pause)) / RATE)
    assert not [word for word in words if silent[0] + 0.1 < (word["start"] + word["end"]) / 2 < silent[1] - 0.1]
    assert {word["start"] > silent[0] for word in words} == {True, False}


def test_words_come_only_when_asked_for(clips: Clips) -> None:
    assert "words" not in transcribe(clips["librivox-0880"][0], words=False)


def sounds() -> dict[str, np.ndarray]:
    """Ten seconds each of what is no speech."""
    time = np.arange(10 * RATE) / RATE
    noise = np.random.default_rng(1).standard_normal(len(time))
    clicks = np.zeros(len(time))
    clicks[:: RATE // 2] = 0.9
    return {
        "silence": np.zeros(len(time)),
        "white noise": 0.1 * noise,
        "loud noise": 0.3 * noise,
        "noise in bursts": 0.2 * noise * (np.sin(2 * np.pi * 3 * time) > 0),
        "beeps": 0.3 * np.sin(2 * np.pi * 440 * time) * (np.sin(2 * np.pi * 2 * time) > 0),
        "a dialled key": 0.3 * np.sin(2 * np.pi * 697 * time) + 0.3 * np.sin(2 * np.pi * 1209 * time),
        "brown noise": 0.3 * np.cumsum(noise) / np.abs(np.cumsum(noise)).max(),
        "mains hum": sum(0.2 / n * np.sin(2 * np.pi * 50 * n * time) for n in range(1, 6)),
        "chord": sum(0.2 * np.sin(2 * np.pi * hertz * time) for hertz in (262, 330, 392)),
        "sweep": 0.3 * np.sin(2 * np.pi * (100 + 150 * time) * time),
        "clicks": clicks,
        "very faint noise": 0.0003 * noise,
        "a constant": np.full(len(time), 0.5),
    }


@pytest.mark.parametrize("name", sounds())
def test_nothing_is_invented(name: str, wav: Callable[..., str]) -> None:
    result = transcribe(wav(sounds()[name]), words=True)
    assert (result["text"], result["segments"], result["words"]) == ("", [], [])


@pytest.mark.parametrize("samples", [0, 1, 255, 256, 1000])
def test_a_tiny_recording_has_no_words(samples: int, wav: Callable[..., str]) -> None:
    assert transcribe(wav(np.full(samples, 0.3)))["text"] == ""


def test_a_cache_that_cannot_be_written_is_named(clips: Clips, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("VOX_CACHE", str(tmp_path / "file"))
    monkeypatch.setattr(moonshine, "_aligners", {})
    with pytest.raises(ProviderError, match=r"Words cannot be timed.*file"):
        transcribe(clips["librivox-0880"][0], words=True)
    assert transcribe(clips["librivox-0880"][0])["text"]


def test_what_the_work_cost_is_told(clips: Clips) -> None:
    call = Call("transcribe", {"modelId": moonshine.MODEL, "path": str(clips["jfk"][0])})
    moonshine.transcribe(call)
    assert call.metrics["audioDurationMs"] == 11000
    assert all(call.metrics[name] > 0 for name in ("modelLoadMs", "audioLoadMs", "audioPrepareMs", "inferenceMs"))


def test_progress_is_told_piece_by_piece(speech: Callable[[str], np.ndarray], wav: Callable[..., str]) -> None:
    notices: list[dict[str, Any]] = []
    params = {"modelId": moonshine.MODEL, "path": wav(np.concatenate([speech("jfk")] * 4))}
    moonshine.transcribe(Call("transcribe", params, lambda method, notice: notices.append(notice)))
    fractions = [notice["progress"] for notice in notices]
    assert len(fractions) >= 3 and fractions == sorted(fractions) and fractions[-1] == 1.0


def test_a_cancelled_call_ends_between_pieces(speech: Callable[[str], np.ndarray], wav: Callable[..., str]) -> None:
    seen: list[float] = []

    def cancel(method: str, notice: dict[str, Any]) -> None:
        seen.append(notice["progress"])
        call.cancel()

    params = {"modelId": moonshine.MODEL, "path": wav(np.concatenate([speech("jfk")] * 4))}
    call = Call("transcribe", params, cancel)
    with pytest.raises(ProviderError, match="cancelled"):
        moonshine.transcribe(call)
    assert len(seen) == 1


def test_another_model_is_refused(clips: Clips) -> None:
    with pytest.raises(ProviderError) as refused:
        transcribe(clips["jfk"][0], modelId="moonshine:huge")
    assert refused.value.code == "model_not_found"


def test_without_the_weights_it_says_how_to_get_them(clips: Clips, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("VOX_MODELS", "/nowhere")
    (model,) = moonshine.models()
    assert (model["installed"], model["available"]) == (False, False)
    assert "pip install moonshine-voice==0.1.0" in str(model["remedy"])
    for method in (moonshine.install, moonshine.preload, moonshine.transcribe):
        with pytest.raises(ProviderError, match="pip install") as refused:
            method(Call("any", {"modelId": moonshine.MODEL, "path": str(clips["jfk"][0])}))
        assert refused.value.code == "model_not_installed"


def test_weights_may_lie_in_the_models_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "moonshine-tiny-en"
    place.symlink_to(find_folder() or "")
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setenv("VOX_MODELS", str(tmp_path))
    assert find_folder() == str(place)
    assert moonshine.models()[0]["installed"] is True


def test_without_its_package_it_hears_after_an_import(
    clips: Clips, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ask(method: str, **params: str) -> dict[str, Any]:
        handler = moonshine.provider.handlers[method]
        return handler(Call(method, params))

    stick = tmp_path / "stick" / "moonshine_voice" / "assets"
    shutil.copytree(find_folder() or "", stick / "tiny-en")
    shutil.copytree(stick / "tiny-en", stick / "tiny-es")  # the same names, another language
    without_package(monkeypatch)
    monkeypatch.setenv("VOX_MODELS", str(tmp_path / "models"))
    assert "vox models import" in str(moonshine.models()[0]["remedy"])
    assert ask("import", path=str(stick / "tiny-es")) == {"fits": []}
    with pytest.raises(ProviderError, match="wanted, in one folder: encoder_model"):
        ask("import", path=str(stick / "tiny-es"), modelId=moonshine.MODEL)
    assert ask("import", path=str(tmp_path / "stick")) == {"fits": [moonshine.MODEL]}
    assert ask("import", path=str(tmp_path / "stick"), modelId=moonshine.MODEL)["installed"] is True
    path, said = clips["jfk"]
    assert plain(transcribe(path)["text"]) == plain(said)
    assert ask("remove", modelId=moonshine.MODEL)["installed"] is False
    assert not (tmp_path / "models" / "moonshine-tiny-en").exists()
    assert all((stick / "tiny-en" / name).is_file() for name in FILES)


def test_what_its_package_brought_is_not_removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VOX_MODELS", str(tmp_path))
    call = Call("remove", {"modelId": moonshine.MODEL})
    with pytest.raises(ProviderError, match="came with the package moonshine-voice"):
        moonshine.remove(call)
    (tmp_path / "moonshine-tiny-en").symlink_to(find_folder() or "")
    with pytest.raises(ProviderError, match="is a link"):
        moonshine.remove(call)
    assert moonshine.models()[0]["installed"] is True


def test_damaged_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    place = tmp_path / "moonshine-tiny-en"
    place.mkdir()
    for name in FILES:
        (place / name).write_bytes(b"\x03abc")
    without_package(monkeypatch)
    monkeypatch.setenv("VOX_MODELS", str(tmp_path))
    with pytest.raises(ProviderError, match=str(place)):
        moonshine.preload(Call("preload", {"modelId": moonshine.MODEL}))


def test_threads_are_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_MOONSHINE_THREADS", "3")
    assert moonshine._threads() == 3
    monkeypatch.delenv("VOX_MOONSHINE_THREADS")
    assert 1 <= moonshine._threads() <= min(4, os.cpu_count() or 1)
    for wrong in ("0", "-1", "two", "1.5"):
        monkeypatch.setenv("VOX_MOONSHINE_THREADS", wrong)
        with pytest.raises(ProviderError, match="VOX_MOONSHINE_THREADS"):
            moonshine._threads()


def test_models_answers_without_an_engine() -> None:
    program = "import sys, vox_providers.moonshine as m; m.models(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, check=True, encoding="utf-8")
    loaded = set(done.stdout.split())
    assert "vox_providers.moonshine" in loaded
    assert not {"numpy", "onnxruntime", "moonshine_voice", "earshot", "wave", "pathlib", "typing"} & loaded


def test_the_program_answers_and_ends_with_its_input(
    ask: Callable[..., list[dict[str, Any]]], clips: Clips, tmp_path: Path
) -> None:
    path, transcript = clips["librivox-0930"]
    answers = ask(
        "moonshine",
        {"id": 1, "method": "models"},
        {"id": 2, "method": "preload", "params": {"modelId": moonshine.MODEL}},
        {"id": 3, "method": "transcribe", "params": {"modelId": moonshine.MODEL, "path": str(path), "words": True}},
        {"id": 4, "method": "transcribe", "params": {"modelId": moonshine.MODEL, "path": str(tmp_path)}},
        {"id": 5, "method": "synthesize", "params": {"modelId": moonshine.MODEL}},
        env={"VOX_CACHE": str(tmp_path / "cache")},
    )
    results = {answer["id"]: answer for answer in answers if "id" in answer}
    (model,) = results[1]["result"]["models"]
    assert (model["id"], model["installed"], model["preloaded"]) == (moonshine.MODEL, True, False)
    preloaded = results[2]["result"]
    assert preloaded.get("model", preloaded)["preloaded"] is True
    assert plain(results[3]["result"]["text"]) == transcript
    assert len(results[3]["result"]["words"]) == len(transcript.split())
    assert {"inferenceMs", "totalMs", "audioDurationMs"} <= results[3]["result"]["metrics"].keys()
    assert results[4]["error"]["data"]["code"] == "unsupported_audio"
    assert results[5]["error"]["code"] == -32601
