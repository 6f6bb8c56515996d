"""The files of Kokoro on this computer: the model, its voices, and how to get them. Imports no model library.

They are looked for in `VOX_KOKORO_DIR`, else in `<models>/kokoro/v1.0`; see `_places`. Two layouts are known: that of
`onnx-community/Kokoro-82M-v1.0-ONNX` (`onnx/model….onnx`, a file for each voice in `voices/`) and that of the releases
of kokoro-onnx (`kokoro-v1.0….onnx`, all voices in one `.npz` that may be called `voices-v1.0.bin`). A voice is 510 rows
of 256 float32: one style for each number of phonemes.
"""

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

from vox.provider import Call, ProviderError
from vox_providers._places import models_folder

__all__ = [
    "MODEL",
    "VARIABLE",
    "Pack",
    "VoiceFile",
    "check_model",
    "find_pack",
    "folder",
    "graph_patterns",
    "install_pack",
    "read_pack",
]

MODEL = "kokoro:v1.0"
"""The one model."""

VARIABLE = "VOX_KOKORO_DIR"
"""Names the folder of its files."""

_REPOSITORY = "onnx-community/Kokoro-82M-v1.0-ONNX"
_STYLE_BYTES = 510 * 256 * 4
_GRAPHS = {  # precision → where its graph may be, that of the hub first
    "int8": ("onnx/model_quantized.onnx", "*int8.onnx"),
    "fp16": ("onnx/model_fp16.onnx", "*fp16.onnx"),
    "none": ("onnx/model.onnx", "kokoro-v1.0.onnx", "model.onnx"),
}


class VoiceFile(NamedTuple):
    """A voice of the pack.

    Attributes:
        id: Such as `af_heart`: language and gender, then the name.
        path: The file that holds it.
        packed: Whether that file holds all of them.
    """

    id: str
    path: Path
    packed: bool


class Pack(NamedTuple):
    """Files that are complete and can be loaded.

    Attributes:
        graph: The model.
        voices: By their ids, at least one.
    """

    graph: Path
    voices: dict[str, VoiceFile]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.stat().st_size for file in {self.graph, *(voice.path for voice in self.voices.values())})


def check_model(model_id: str) -> None:
    """Nothing, for the one model.

    Raises:
        ProviderError: `model_not_found`, for any other.
    """
    if model_id != MODEL:
        raise ProviderError(
            f"kokoro has no model {model_id!r}; it has {MODEL}.", code="model_not_found", nearest=[MODEL]
        )


def folder() -> Path:
    """Where the files are or would go."""
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else models_folder("kokoro") / "v1.0"


def read_pack() -> Pack | None:
    """What is installed.

    Raises:
        ProviderError: `VOX_KOKORO_QUANTIZATION` cannot be used.
    """
    return find_pack(folder())


def find_pack(root: Path) -> Pack | None:
    """The files of Kokoro in a folder, whether or not it is the one where they are looked for.

    Raises:
        ProviderError: `VOX_KOKORO_QUANTIZATION` cannot be used.
    """
    graphs = (path for precision in _precisions() for pattern in _patterns(precision) for path in root.glob(pattern))
    graph = next((path for path in graphs if path.is_file()), None)
    voices = _voices(root)
    return Pack(graph, voices) if graph and voices else None


def graph_patterns() -> list[str]:
    """Where the graph of any precision may be."""
    return [*(pattern for patterns in _GRAPHS.values() for pattern in patterns), "onnx/model_*.onnx"]


def install_pack(call: Call) -> None:
    """Get the model and all voices from the hub: what is missing, damaged or was interrupted.

    Raises:
        ProviderError: See `Hub.files` and `Download.run`; the hub lacks a file.
    """
    from vox_providers._download import Download
    from vox_providers._hub import Hub, Patience

    hub, patience = Hub.from_env(), Patience(call)
    graph = _patterns(_precisions()[0])[0]
    files = [f for f in hub.files(_REPOSITORY, patience) if f.path == graph or _is_voice(f.path, f.size)]
    if not any(file.path == graph for file in files) or len(files) < 2:
        raise ProviderError(f"The repository {_REPOSITORY} lacks {graph} or the voices; is HF_ENDPOINT right?")
    files.sort(key=lambda file: file.path == graph)  # without it the pack does not count as installed
    Download(hub, files, folder(), call, patience).run()


def _precisions() -> tuple[str, ...]:
    chosen = os.environ.get("VOX_KOKORO_QUANTIZATION")
    if chosen and not chosen.replace("_", "").isalnum():  # it becomes part of a file's name
        raise ProviderError(f"VOX_KOKORO_QUANTIZATION must be int8, fp16, none or a suffix such as q4, not {chosen!r}.")
    return (chosen,) if chosen else tuple(_GRAPHS)


def _patterns(precision: str) -> tuple[str, ...]:
    return _GRAPHS.get(precision, (f"onnx/model_{precision}.onnx",))


def _is_voice(path: str, size: int) -> bool:
    return path.startswith("voices/") and path.endswith(".bin") and path.count("/") == 1 and size == _STYLE_BYTES


def _voices(root: Path) -> dict[str, VoiceFile]:
    files = (path for path in sorted(root.glob("voices/*.bin")) if path.is_file())  # and no link to what is gone
    single = [path for path in files if path.stat().st_size == _STYLE_BYTES]
    if single:
        return {path.stem: VoiceFile(path.stem, path, False) for path in single}
    for path in sorted([*root.glob("*.npz"), *root.glob("voices*.bin")]):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                names = sorted(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))
            return {name: VoiceFile(name, path, True) for name in names}
    return {}
