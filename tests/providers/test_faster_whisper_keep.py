"""Which Whisper the weights of CTranslate2 are of: by what they say; where that is not enough, by the folder's name."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.providers.weights import lay_out_whispers
from vox_providers._faster_whisper_keep import fitting, read_shape

OTHERS = ("config.json", "tokenizer.json", "vocabulary.json", "preprocessor_config.json")


def weights(width: int, layers: int, tokens: int, spec: str = "WhisperSpec") -> bytes:
    """A file with the names and dimensions of a model, whose variables have one value each."""
    shapes = {f"decoder/layer_{number}/self_attention/weight": (width, width) for number in range(layers)}
    shapes["decoder/embeddings/weight"] = (tokens, width)
    variables = (
        string(name) + struct.pack("<BIIBI", 2, *shape, 4, 2) + b"\0\0" for name, shape in sorted(shapes.items())
    )
    head = struct.pack("<I", 6) + string(spec) + struct.pack("<II", 3, len(shapes))
    return head + b"".join(variables) + struct.pack("<I", 0)


def string(text: str) -> bytes:
    return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"


def put(folder: Path, model: bytes) -> Path:
    folder.mkdir(parents=True)
    for name in OTHERS:
        (folder / name).write_text("{}", encoding="utf-8")
    (folder / "model.bin").write_bytes(model)
    return folder


@pytest.mark.parametrize(
    ("shape", "folder", "models"),
    [
        ((384, 4, 51865), "x", ["tiny"]),
        ((768, 12, 51864), "tiny", ["small.en"]),  # what the files say is surer than how they are called
        ((1280, 32, 51866), "x", ["large-v3"]),
        ((1280, 4, 51866), "x", ["large-v3-turbo"]),
        ((1280, 32, 51865), "x", ["large-v1", "large-v2"]),
        ((1280, 32, 51865), "faster-whisper-large-v2", ["large-v2"]),
        ((1280, 32, 51865), "models--Systran--faster-whisper-large-v1/snapshots/0123abcd", ["large-v1"]),
        ((1280, 2, 51866), "faster-distil-whisper-large-v3", ["distil-large-v3"]),
        ((1280, 2, 51866), "distil-large-v3.5-ct2", ["distil-large-v3.5"]),
        ((100, 3, 500), "tiny", []),
    ],
)
def test_the_model_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, int, int], folder: str, models: list[str]
) -> None:
    monkeypatch.setenv("VOX_FASTER_WHISPER_MODELS", str(tmp_path / "none"))
    put(tmp_path / "stick" / folder, weights(*shape))
    assert fitting(str(tmp_path / "stick")) == [f"faster-whisper:{name}" for name in models]


def test_a_model_of_another_kind_is_none(tmp_path: Path) -> None:
    put(tmp_path / "nllb", weights(512, 6, 51865, spec="TransformerSpec"))
    assert fitting(str(tmp_path)) == []


def test_real_weights_are_read(tmp_path: Path) -> None:
    root = lay_out_whispers(tmp_path)
    assert read_shape(root / "tiny.en" / "model.bin") == (384, 4, 51864)
    assert read_shape(root / "base" / "model.bin") == (512, 6, 51865)


WHOLE = weights(384, 4, 51865)


@given(end=st.integers(0, len(WHOLE) - 1), rest=st.binary(max_size=40))
def test_damage_is_no_model_and_no_exception(tmp_path_factory: pytest.TempPathFactory, end: int, rest: bytes) -> None:
    path = tmp_path_factory.mktemp("damaged") / "model.bin"
    path.write_bytes(WHOLE[:end])
    assert read_shape(path) is None
    path.write_bytes(WHOLE[:end] + rest)
    shape = read_shape(path)
    assert shape is None or all(number >= 0 for number in shape)
