"""Kokoro with real int8 weights and its 54 voices: what is said is heard again, in each layout and language."""

from collections.abc import Iterator
from pathlib import Path

import jiwer
import numpy as np
import pytest

from tests.providers.conftest import plain
from tests.providers.fake_hub import FakeHub
from tests.providers.hearing import recording, understood
from tests.providers.program import Program
from tests.providers.weights import lay_out_kokoro, lay_out_whispers
from vox.provider import Call, ProviderError
from vox_providers import _kokoro_phonemes, kokoro
from vox_providers._kokoro_alphabet import NUMBERS
from vox_providers._kokoro_pack import read_pack

MODEL = "kokoro:v1.0"
TEXT = "The quick brown fox jumps over the lazy dog. Please turn off the lights before you leave the building tonight."
STYLE = bytes(510 * 256 * 4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lay_out_kokoro(tmp_path_factory.mktemp("models") / "kokoro" / "v1.0")


@pytest.fixture(scope="module")
def program(folder: Path) -> Iterator[Program]:
    with Program("vox_providers.kokoro", {"VOX_MODELS": str(folder.parents[1])}) as running:
        yield running
    assert running.status == 0
    assert running.stderr == ""


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the pack, without any file."""
    monkeypatch.setenv("VOX_KOKORO_DIR", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("voice", ["af_heart", pytest.param("bm_george", marks=pytest.mark.heavy)])
def test_what_it_says_is_understood(program: Program, tmp_path: Path, voice: str) -> None:
    result = program.call("synthesize", modelId=MODEL, input=TEXT, voiceId=voice)["result"]
    assert (result["voiceId"], result["contentType"]) == (voice, "audio/wav")
    assert jiwer.wer(plain(TEXT), plain(understood(result["audioBase64"], tmp_path))) <= 0.1


@pytest.mark.heavy
def test_spanish_is_spoken_recognised_and_translated(program: Program, tmp_path: Path) -> None:
    said = "Me gustaría saber dónde está la estación de trenes, porque mañana viajo a Sevilla con mi hermana."
    models = lay_out_whispers(tmp_path / "faster-whisper").parent
    audio = program.call("synthesize", modelId=MODEL, input=said, language="es")["result"]["audioBase64"]
    path = str(recording(audio, tmp_path))
    with Program("vox_providers.faster_whisper", {"VOX_MODELS": str(models)}) as whisper:
        asked = {"modelId": "faster-whisper:base", "path": path}
        heard = whisper.call("transcribe", **asked)["result"]
        translated = whisper.call("transcribe", **asked, language="es-ES", task="translate")["result"]
    assert (heard["language"], heard["used"]) == ("es", {"language": "es"})
    assert jiwer.wer(said.lower(), heard["text"].lower()) <= 0.2
    assert {"train", "station", "tomorrow", "sister"} <= set(plain(translated["text"]).split())


def test_the_first_words_are_heard_while_the_rest_is_made(program: Program) -> None:
    program.notifications.clear()
    result = program.call("synthesize", modelId=MODEL, input=TEXT, stream=True)["result"]
    chunks = [one["params"] for one in program.notifications if one["method"] == "audio"]
    assert ([chunk["sequence"] for chunk in chunks], chunks[0]["sampleRate"]) == ([0, 1, 2][: len(chunks)], 24000)
    assert len(chunks) >= 2
    assert "audioBase64" not in result


def test_a_long_first_sentence_begins_with_a_short_piece(program: Program) -> None:
    program.notifications.clear()
    text = (
        "Wherever the travellers went on that cold morning, the snow had covered each of the roads, fields and hedges."
    )
    program.call("synthesize", modelId=MODEL, input=text, stream=True)
    sizes = [len(one["params"]["audioBase64"]) for one in program.notifications if one["method"] == "audio"]
    assert len(sizes) == 2


def test_speed_changes_the_length(program: Program) -> None:
    def length(speed: float) -> int:
        made = program.call("synthesize", modelId=MODEL, input="The lights are off.", speed=speed)["result"]
        return len(made["audioBase64"])

    assert length(0.5) > 1.5 * length(1.0) > 2 * length(2.0)


def test_all_voices_are_shown_with_their_language(program: Program) -> None:
    voices = {voice["id"]: voice for voice in program.call("voices", modelId=MODEL)["result"]["voices"]}
    assert len(voices) == 54
    assert {
        name: voices[name]["language"] for name in ("af_heart", "bf_emma", "ff_siwis", "jm_kumo", "zf_xiaobei")
    } == {
        "af_heart": "en-US",
        "bf_emma": "en-GB",
        "ff_siwis": "fr-FR",
        "jm_kumo": "ja",
        "zf_xiaobei": "zh",
    }
    assert [name for name, voice in voices.items() if voice["default"]] == ["af_heart"]
    assert {voice["language"] for voice in voices.values() if not voice["available"]} == {"ja", "zh"}


@pytest.mark.parametrize(
    ("language", "voice"), [("es", "ef_dora"), ("fr", "ff_siwis"), ("en-GB", "bf_alice"), ("pt", "pf_dora")]
)
def test_a_language_chooses_a_voice(program: Program, language: str, voice: str) -> None:
    made = program.call("synthesize", modelId=MODEL, input="Sí, no, ça.", language=language)["result"]
    assert made["voiceId"] == voice


@pytest.mark.parametrize(
    ("params", "code", "said"),
    [
        ({"voiceId": "af_hart"}, "voice_not_found", "af_heart"),
        ({"voiceId": "jf_alpha"}, None, "phonemes"),
        ({"language": "de"}, None, "no voice for de"),
        ({"input": "…"}, None, "nothing to say"),
        ({"modelId": "kokoro:v2"}, "model_not_found", MODEL),
        ({"speed": 9}, None, "speed"),
    ],
)
def test_what_it_cannot_do_is_told(program: Program, params: dict[str, str], code: str | None, said: str) -> None:
    error = program.call("synthesize", **{"modelId": MODEL, "input": "Hello.", **params})["error"]
    assert (error.get("data", {}).get("code"), said in error["message"]) == (code, True)


def test_all_voices_in_one_file(folder: Path, empty: Path) -> None:
    (empty / "kokoro-v1.0.onnx").symlink_to(folder / "kokoro-v1.0.int8.onnx")
    styles = {name: np.fromfile(folder / "voices" / f"{name}.bin", "<f4") for name in ("am_adam", "if_sara")}
    with (empty / "voices-v1.0.bin").open("wb") as file:
        np.savez(file, **{name: style.reshape(510, 1, 256) for name, style in styles.items()})
    assert [voice["id"] for voice in kokoro.voices(None)] == ["am_adam", "if_sara"]
    call = Call("synthesize", {"modelId": MODEL, "input": "Hello."})
    assert kokoro.synthesize(call) == {"voiceId": "am_adam"}
    assert call.sent_bytes > 10_000


@pytest.mark.parametrize("method", ["preload", "synthesize"])
def test_missing_weights_are_told_with_the_remedy(empty: Path, method: str) -> None:
    with pytest.raises(ProviderError, match=r"vox models install kokoro:v1\.0") as caught:
        getattr(kokoro, method)(Call(method, {"modelId": MODEL, "input": "Hello."}))
    assert (caught.value.code, "\n" in str(caught.value)) == ("model_not_installed", False)
    assert (kokoro.models()[0]["installed"], kokoro.voices(None)) == (False, [])


def test_a_missing_reader_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_kokoro_phonemes, "find_spec", lambda name: None)
    assert not _kokoro_phonemes.can_read("en-US")
    with pytest.raises(ProviderError, match=r"voxhost\[kokoro\]") as caught:
        _kokoro_phonemes.reader("es")
    assert caught.value.code == "model_not_installed"


def test_damaged_weights_are_told(empty: Path) -> None:
    (empty / "voices").mkdir()
    (empty / "voices" / "af_heart.bin").write_bytes(STYLE)
    (empty / "model.onnx").write_bytes(b"no model")
    with pytest.raises(ProviderError, match=r"cannot be loaded.*vox models install"):
        kokoro.preload(Call("preload", {"modelId": MODEL}))


def test_install_gets_the_model_and_all_voices(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "voices/af_heart.bin": STYLE,
        "voices/bf_emma.bin": STYLE,
        "onnx/model_quantized.onnx": b"int8" * 999,
        "onnx/model.onnx": b"full" * 999,
        "README.md": b"Kokoro",
    }
    with FakeHub({"onnx-community/Kokoro-82M-v1.0-ONNX": files}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        assert kokoro.install(Call("install", {"modelId": MODEL}))["installed"] is True
        assert hub.fetched() == ["voices/af_heart.bin", "voices/bf_emma.bin", "onnx/model_quantized.onnx"]
        monkeypatch.setenv("VOX_KOKORO_QUANTIZATION", "none")
        assert read_pack() is None
        kokoro.install(Call("install", {"modelId": MODEL}))
    pack = read_pack()
    assert pack is not None and pack.graph == empty / "onnx" / "model.onnx"


def test_a_precision_that_would_leave_the_folder_is_refused(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOX_KOKORO_QUANTIZATION", "../x")
    with pytest.raises(ProviderError, match="VOX_KOKORO_QUANTIZATION"):
        read_pack()


def test_the_signs_of_english_have_numbers() -> None:
    assert {NUMBERS[sign] for sign in "həlˈO."} == {50, 83, 54, 156, 31, 4}
