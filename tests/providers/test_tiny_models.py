"""The generated models do what the tests of the providers take for granted, through onnx-asr alone."""

from pathlib import Path

import onnx_asr
import pytest

from tests.providers import tiny_whisper
from tests.providers.tiny_models import GAP_S, LEAD_S, TOKENS, WORD_S, build_parakeet, say, sound

_CPU = ["CPUExecutionProvider"]


@pytest.mark.parametrize("spoken", ["▁open ▁the ▁door", "▁close ▁the ▁win dow ▁open ▁close ▁door"])
def test_parakeet_hears_the_sounds_and_their_times(tmp_path: Path, spoken: str) -> None:
    model = onnx_asr.load_model("nemo-conformer-tdt", build_parakeet(tmp_path), quantization="int8", providers=_CPU)
    result = model.with_timestamps().recognize(say(*spoken.split()))
    assert [token.replace(" ", "▁") for token in result.tokens] == spoken.split()
    begins = [LEAD_S + number * (WORD_S + GAP_S) for number in range(len(result.tokens))]
    assert result.timestamps == pytest.approx(begins, abs=0.0801)  # one frame
    assert all(-1 < value <= 0 for value in result.logprobs)


def test_parakeet_weights_may_lie_beside_the_graph(tmp_path: Path) -> None:
    build_parakeet(tmp_path, suffix="", external_data=True)
    assert (tmp_path / "encoder-model.onnx.data").stat().st_size > 1000
    model = onnx_asr.load_model("nemo-conformer-tdt", tmp_path, providers=_CPU)
    assert model.recognize(say("▁open", "▁door")) == "open door"


@pytest.mark.parametrize("export", ["merged", "merged 128", "search"])
@pytest.mark.parametrize("language", [None, "de"])
def test_whisper_hears_the_sounds(tmp_path: Path, export: str, language: str | None) -> None:
    if export == "search":
        model = onnx_asr.load_model("whisper-ort", tiny_whisper.build_whisper_search(tmp_path), providers=_CPU)
    else:
        folder = tiny_whisper.build_whisper(tmp_path, mels=128 if "128" in export else 80)
        model = onnx_asr.load_model("whisper", folder, providers=_CPU)
    assert model.recognize(tiny_whisper.say(" open", " open", " window"), language=language) == "open open window"
    assert model.recognize(tiny_whisper.say(" café", " the"), language=language) == "café the"
    assert model.recognize(sound([]), language=language) == ""


def test_the_two_models_use_the_same_sounds() -> None:
    assert list(TOKENS.values()) == list(tiny_whisper.WHISPER_WORDS.values())
